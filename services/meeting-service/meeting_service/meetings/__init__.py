"""One meeting a PEP: its arrangement, its record, its confirmation, the next one."""
