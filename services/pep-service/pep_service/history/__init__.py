"""A PEP's history at an operator's terminal: in words, as of any moment, between two moments."""
