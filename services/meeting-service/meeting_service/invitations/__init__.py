"""Who is invited, and what each of them answers."""
