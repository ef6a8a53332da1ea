"""The page Evaluation: runs that grow while one looks on, and what is drawn of their reports."""
