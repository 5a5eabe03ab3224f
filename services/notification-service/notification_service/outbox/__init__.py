"""What waits to be mailed, and the workers that mail it."""
