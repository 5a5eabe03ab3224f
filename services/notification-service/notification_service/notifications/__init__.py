"""The life of one notification: asked for, then sent, failed or held."""
