"""The words by which one finds a class and proves who one is: codes, secrets and participant numbers."""

import hashlib
import re
import secrets

LETTERS = "ACDEFGHJKLMNPQRTUVWXY"
"""Capital letters that no other is taken for, on a projector or read aloud: no B and S (8, 5), I, O and Z (1, 0, 2)."""

LENGTH = 5

NUMBERS = range(100_000, 1_000_000)
"""Participant numbers: all have six digits."""


def new_code() -> str:
    """Return a random code of a class; there are 4 million."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def read_code(text: object) -> str | None:
    """Return the code that `text` stands for, however it is spaced and in small letters, too; None if it is none."""
    letters = re.sub(r"[\s-]", "", text[:40]).upper() if isinstance(text, str) else ""
    return letters if len(letters) == LENGTH and set(letters) <= set(LETTERS) else None


def new_secret() -> str:
    """Return a random secret of 128 bits, in letters that an address takes."""
    return secrets.token_urlsafe(16)


def is_secret(text: object) -> bool:
    """Return whether `text` has the form of a secret."""
    return isinstance(text, str) and re.fullmatch(r"[\w-]{22}", text, re.ASCII) is not None


def digest(secret: str) -> str:
    """Return what is stored of a secret: who reads the database cannot act by it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_number() -> int:
    """Return a random participant number."""
    return NUMBERS.start + secrets.randbelow(len(NUMBERS))
