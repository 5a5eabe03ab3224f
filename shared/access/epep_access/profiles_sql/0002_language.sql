-- The language that a profile's texts are in; profiles from before it was said are in English.
ALTER TABLE known_profiles ADD COLUMN language text NOT NULL DEFAULT 'en';
