"""What can go wrong with a class, each with a sentence for the visitor as its message."""


class DatabaseUnavailable(OSError):
    """Classes cannot be stored; the message says why and what to do."""


class Refused(ValueError):
    """What was asked for is not possible."""


class NoSuchClass(Refused):
    """There is no class of this code, or it has been deleted."""

    def __init__(self) -> None:
        super().__init__("This class is not there: its code was mistyped, or the class has ended.")
