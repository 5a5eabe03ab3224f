"""One review of a PEP: selecting, scoring, publishing."""
