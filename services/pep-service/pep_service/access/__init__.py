"""Who may see a child, given and taken: allocation, carers, delegates, cover, emergencies."""
