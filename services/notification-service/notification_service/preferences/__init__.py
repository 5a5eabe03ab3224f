"""Which notifications a person also has by mail."""
