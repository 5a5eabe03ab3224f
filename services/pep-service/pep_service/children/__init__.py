"""Children in care: who they are, where they live and learn, who works with them."""
