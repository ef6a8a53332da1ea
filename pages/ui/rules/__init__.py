"""The page Rules: what the attacks side by side tell about their rules."""
