"""What a request costs, counted and not timed: a busy machine changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from argon2 import PasswordHasher
from sqlalchemy import event

from tests.fakes.doors import Door


@dataclass
class Work:
    """What one request cost."""

    hashes: int = 0
    """Passwords compared with a hash."""
    statements: list[str] = field(default_factory=list)
    """SQL in its order, with places for values."""


@contextmanager
def counted(door: Door) -> Iterator[Work]:
    """Count argon2 runs and statements that reach the database, while this is open."""
    work, verify = Work(), PasswordHasher.verify

    def verified(hasher: PasswordHasher, *arguments: Any) -> bool:
        work.hashes += str(arguments[0]).startswith("$argon2id$")  # anything else costs nothing
        return verify(hasher, *arguments)

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        work.statements.append(statement)

    engine = door.identity._database.engine
    event.listen(engine, "before_cursor_execute", executed)
    try:
        with mock.patch.object(PasswordHasher, "verify", verified):
            yield work
    finally:
        event.remove(engine, "before_cursor_execute", executed)
