"""What several contract tests need."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import text

from countenance.db import Base, open_database
from countenance.identity.interfaces import Role, User
from countenance.identity.services import Identity

PASSWORD = "tall trees bend"
T = TypeVar("T")
R = TypeVar("R")


def add_viewer(
    identity: Identity, name: str, *, display_name: str = "", actor: User | None = None
) -> User:
    return identity.users.add(
        name=name,
        display_name=display_name,
        password=PASSWORD,
        role=Role.VIEWER,
        actor=actor and actor.id,
    )


def outcomes(
    act: Callable[[T], R], arguments: Collection[T], *, error: type[Exception]
) -> tuple[list[R], int]:
    """Do an act with each argument at the same moment; results, and how many raised `error`."""
    gate = threading.Barrier(len(arguments))

    def attempt(argument: T) -> tuple[R | None, bool]:
        gate.wait()
        try:
            return act(argument), True
        except error:
            return None, False

    with ThreadPoolExecutor(len(arguments)) as pool:
        results = list(pool.map(attempt, arguments))
    done = [result for result, passed in results if passed]
    return done, len(results) - len(done)  # type: ignore[return-value]


def all_rows(url: str) -> list[tuple[str, str]]:
    """Every row of every table as (table, text)."""
    database = open_database(url)
    try:
        with database.connection() as connection:
            return [
                (table, repr(tuple(row)))
                for table in Base.metadata.tables
                for row in connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608
            ]
    finally:
        database.close()


def execute(url: str, statement: str, **values: object) -> int:
    """Change the database behind the services' back; returns how many rows."""
    database = open_database(url)
    try:
        with database.connection() as connection:
            return connection.execute(text(statement), values).rowcount
    finally:
        database.close()
