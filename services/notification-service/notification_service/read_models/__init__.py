"""What this service knows of people, authorities and PEPs, and each person's messages."""
