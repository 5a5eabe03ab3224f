"""The register of schools and other settings."""
