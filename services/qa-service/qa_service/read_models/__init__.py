"""What this service knows of profiles, PEPs and people, and the list of reviews."""
