"""The stage: a recorded attack, and the browser component that shows it step by step."""

from .recording import Recording, record

__all__ = ["Recording", "record"]
