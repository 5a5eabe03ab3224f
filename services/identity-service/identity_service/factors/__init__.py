"""Second factors stronger than a mailed code."""
