"""What qa-service does when pep-service says something."""
