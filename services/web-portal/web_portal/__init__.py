"""The users' application: pages in, HTTP calls to the services out."""
