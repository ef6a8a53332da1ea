"""Codes of classes: read as people write them, and refused where they cannot be one."""

import pytest

from pages.ui.shared.classroom import codes


def test_a_code_has_five_letters_none_of_which_looks_or_sounds_like_another_sign():
    made = {codes.new_code() for _ in range(200)}
    assert len(made) > 190
    assert all(len(code) == 5 and codes.read_code(code) == code for code in made)
    assert not set(codes.LETTERS) & set("BIOSZ0123456789")


@pytest.mark.parametrize("text", ["kmrtw", " KM RTW ", "K-M-R-T-W", "Kmrtw\n"])
def test_a_code_is_read_however_it_is_written(text):
    assert codes.read_code(text) == "KMRTW"


@pytest.mark.parametrize("text", ["", "KMRT", "KMRTWW", "KMRT0", "KMRTO", "ΚMRTW", None, 12345, "K" * 100_000, ["K"]])
def test_what_cannot_be_a_code_is_none(text):
    assert codes.read_code(text) is None


@pytest.mark.parametrize("text", ["", "x" * 21, "x" * 23, "x" * 21 + "'", "ü" * 22, None, b"x" * 22])
def test_what_cannot_be_a_secret_is_not_looked_up(text):
    assert not codes.is_secret(text)
    assert codes.is_secret(codes.new_secret())
