"""A list of breached passwords, in both forms in which they come."""

from __future__ import annotations

import hashlib
from pathlib import Path

import argon2
import pytest

from countenance.errors import ConfigurationError
from countenance.identity.blocklist import Blocklist
from countenance.identity.errors import WeakPasswordError
from countenance.identity.passwords import Hasher

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def blocklist(tmp_path: Path) -> Blocklist:
    hashed = hashlib.sha1(b"Violet Harbour 7", usedforsecurity=False).hexdigest().upper()
    lines = ["correct horse", "", f"{hashed}:31", "Grüne Tür", "  two blanks", "short\r"]
    path = tmp_path / "breached.txt"
    path.write_bytes("\n".join(lines).encode() + b"\n\xff\xfe broken\n")
    return Blocklist(path)


@pytest.mark.parametrize(
    "password",
    ["correct horse", "CORRECT Horse", "Violet Harbour 7", "grüne tür", "  two blanks", "short"],
)
def test_what_is_on_the_list_is_found_in_any_case(blocklist: Blocklist, password: str) -> None:
    assert password in blocklist


@pytest.mark.parametrize(
    "password",
    # A hash tells one spelling alone; nor is the hash itself a password of the list.
    ["correct horses", "", "violet harbour 7", "two blanks", "\ud800", "x" * 256],
)
def test_what_is_not_is_not(blocklist: Blocklist, password: str) -> None:
    assert password not in blocklist


def test_a_new_password_from_the_list_is_refused_with_a_remedy(blocklist: Blocklist) -> None:
    hasher = Hasher(CHEAP, blocklist=blocklist)
    with pytest.raises(WeakPasswordError, match="known from a breach"):
        hasher.hash_new("Correct horse", name="ada")
    assert hasher.verify(hasher.hash_new("correct horses", name="ada"), "correct horses")


def test_an_empty_list_refuses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "none.txt"
    path.write_text("")
    assert "correct horse" not in Blocklist(path)


def test_a_list_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="COUNTENANCE_PASSWORD_BLOCKLIST"):
        Blocklist(tmp_path / "none.txt")
