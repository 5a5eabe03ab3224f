"""What a mail says and how it is put together."""
