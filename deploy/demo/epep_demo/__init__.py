"""Made-up authorities, people and PEPs, loaded through the services' APIs."""
