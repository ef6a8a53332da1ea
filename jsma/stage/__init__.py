"""The stage: a recorded attack, and the piece that shows it step by step in any browser."""

from .recording import Recording, record

__all__ = ["Recording", "record"]
