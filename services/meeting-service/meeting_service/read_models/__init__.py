"""What this service keeps of what it and others have said, made for asking."""
