"""What only the page Defend needs."""
