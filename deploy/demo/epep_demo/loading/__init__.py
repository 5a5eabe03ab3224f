"""Loading the demo: a client of the services like any other, for a minute everybody at once."""
