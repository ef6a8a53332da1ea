"""The lab: what a visitor can take along from it."""
