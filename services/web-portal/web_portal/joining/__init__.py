"""Getting an account and getting back in: registration, and what mailed links lead to."""
