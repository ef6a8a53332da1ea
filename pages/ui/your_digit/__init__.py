"""The page Your digit: a digit of the visitor's own: taken in, checked, prepared and read."""
