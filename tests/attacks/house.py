"""A home in which every attempt has an account of its own, and the server before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from argon2 import PasswordHasher

from countenance.biometrics.templates import Template
from countenance.bootstrap import build, prepare_home
from countenance.ceremony.challenge import Move
from countenance.clock import SystemClock
from countenance.events import Tag
from countenance.identity.interfaces import Role, UserId
from countenance.identity.services import Identity, open_identity
from countenance.settings import read_settings
from countenance.vision.engine import Engine
from tests.attacks.acts import Act, Cast
from tests.harness.answering import AnsweringVisitor
from tests.harness.server import Server, free_port

PASSWORD: Final = "seven calm herons by the weir"
_CHEAP: Final = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
_SETTINGS: Final = {
    "COUNTENANCE_LOGIN_POLICY": "standard",
    "COUNTENANCE_CAMERA_METADATA": "block",
    # The visitors play the proxy, so that each has an address.
    "COUNTENANCE_TRUSTED_PROXIES": "1",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt."""

    verdict: Mapping[str, Any]
    reason: str
    """Of the audit trail; empty when it was granted."""
    said: list[Mapping[str, Any]] = field(repr=False)
    """Replies of the capture."""

    @property
    def is_granted(self) -> bool:
        """Whether the attempt opened the door."""
        return bool(self.verdict["granted"])

    @property
    def asked(self) -> tuple[Move, ...]:
        """Moves that were told since good frames were last gathered, in order."""
        told: dict[int, Move] = {}
        for reply in self.said:
            if reply.get("type") != "frame":
                continue
            if reply["moves"] is None:
                told.clear()
            elif reply["prompt"] in set(Move):
                told[reply["moves"][0]] = Move(reply["prompt"])
        return tuple(told.values())


@dataclass(slots=True)
class House:
    """Accounts, all behind one server."""

    home: Path
    engine: Engine
    identity: Identity
    _people: dict[str, UserId] = field(default_factory=dict)

    def move_in(self, name: str, face: Template) -> None:
        """Make an account with that face; its name is free."""
        user = self.identity.users.add(
            name=name, display_name=name, password=PASSWORD, role=Role.VIEWER, actor=None
        )
        self.identity.passwords.change(user.id, password=PASSWORD)
        self.identity.vault.store(user.id, face, actor=None)
        self._people[name] = user.id

    def attempt(self, server: Server, act: Act, cast: Cast, *, name: str) -> Outcome:
        """Play one act for one account, whose only attempt it is."""
        number = list(self._people).index(name)
        # No two attempts may show the same noise, or one would be the other sent again.
        cast = replace(cast, seed=1000 * cast.seed + number)
        visitor = AnsweringVisitor(server.port, address=f"10.0.{number // 250}.{1 + number % 250}")
        verdict = visitor.perform(
            act.make(cast), name=name, password=PASSWORD, camera=act.camera, clock=act.clock
        )
        rows = self.identity.audit.list_events(
            subject_id=self._people[name], tags=(Tag.LOGIN_REFUSED,)
        )
        return Outcome(verdict, rows[0].details["reason"] if rows else "", visitor.said)


def make_house(home: Path) -> House:
    """An empty home with its administrator."""
    prepare_home(home)
    settings = read_settings({"COUNTENANCE_HOME": str(home)})
    # The product's cost of a hash would be most of the time.
    identity = open_identity(settings, clock=SystemClock(), argon2=_CHEAP)
    identity.users.set_up(name="admin", display_name="Admin", password=PASSWORD)
    return House(home, build(settings).engine, identity)


@contextmanager
def served(home: Path, **settings: str) -> Iterator[Server]:
    """The product on that home, asking for moves."""
    server = Server(home, free_port(), _SETTINGS | settings).start()
    try:
        yield server
    finally:
        server.stop()
