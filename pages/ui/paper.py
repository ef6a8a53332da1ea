"""What the paper reports, and over which attacks: the one place for its two figures."""

REPORTED = (
    "The paper reports, for its own network, that **97.10 %** of all its attacks reach the target, and that they "
    "change **4.02 %** of the pixels on average; as far as we know, that mean is over the successful attacks only."
)
"""The paper's result, as Markdown."""
