"""What pep-service does when another context, or a PEP of its own, has said something."""
