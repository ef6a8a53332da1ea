"""The page Your digit: a digit of the visitor's own, brought in, checked, made ready and read."""
