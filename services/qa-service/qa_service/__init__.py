"""Quality assurance of PEPs."""
