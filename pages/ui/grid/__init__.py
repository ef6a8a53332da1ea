"""The page Grid: one digit of every class towards every other class."""
