"""What pep-service shows: one file is one read model."""
