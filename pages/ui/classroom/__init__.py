"""The page Class: the views of who comes in, of the teacher and of a student."""
