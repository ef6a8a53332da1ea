"""A digit of the visitor's own: brought in, checked, made ready, read, and kept for them alone."""
