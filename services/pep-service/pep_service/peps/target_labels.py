"""What people call the parts of a target (B74, S57)."""

LABELS = {
    "area": "Area",
    "need": "Need it meets",
    "statement": "Target",
    "baseline": "Where the child is now",
    "success_measure": "How success is measured",
    "support": "What will be done",
    "supported_by": "Who supports",
    "due_on": "Due",
}
