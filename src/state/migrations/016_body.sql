-- A shadow's canonical form and the payload that it was last agreed with say the same twice: packed as one text (`state::body`)
-- they take little more room than one of them.
UPDATE shadow_body SET canonical = packed(unpacked(canonical) || char(10) || unpacked(payload)) WHERE payload IS NOT NULL;
ALTER TABLE shadow_body DROP COLUMN payload;
ALTER TABLE shadow_body RENAME COLUMN canonical TO body;
