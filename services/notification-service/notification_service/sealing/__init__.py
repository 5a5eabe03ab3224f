"""The key that other services seal secrets to."""
