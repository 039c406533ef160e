-- One half as it was listed when both halves last were, where that is not the payload it was last agreed with: what people
-- change in it later is told from it.
ALTER TABLE shadow_body ADD COLUMN listed TEXT;
