"""Who may see a child's record, who has looked at it, and how access is given and taken."""
