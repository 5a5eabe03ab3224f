"""What this service does when another context says something."""
