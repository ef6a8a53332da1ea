"""The walkthrough: seven chapters in files of their own, and what they ask of a reader."""
