"""Who may see a child: relationships followed through events."""
