"""The lab: the files and links that it offers."""
