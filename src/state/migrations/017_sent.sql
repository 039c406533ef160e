-- The id in GHL of what a contact is put into, as far as it was ever known: its name may change, and the configuration's word for it.
ALTER TABLE enrolment ADD COLUMN sent TEXT;
