"""Who is told of what, when another context says something."""
