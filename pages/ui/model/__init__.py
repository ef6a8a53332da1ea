"""The page Model: a network taken apart, how well it reads, and one of your own to train."""
