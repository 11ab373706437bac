"""A made-up crowd: thousands of people in one transaction, for measurements of a full house.

Nobody in it exists. All have one password; templates are random numbers, sealed as real ones are.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import numpy as np
from sqlalchemy.orm import Session as DbSession

from countenance.biometrics.templates import Template
from countenance.clock import Clock
from countenance.db import open_database
from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.audit_trail import open_trail
from countenance.identity.interfaces import UserId
from countenance.identity.keys import Keys, open_keys
from countenance.identity.models import InstallationRow, TemplateKeyRow, TemplateRow, UserRow
from countenance.identity.passwords import NO_PASSWORD, Hasher
from countenance.identity.pending_face_rows import PendingFaceRow
from countenance.identity.permissions import Role
from countenance.identity.schema import upgrade
from countenance.identity.store import Store
from countenance.identity.template_vault import Sealed, seal
from countenance.identity.users import SET_UP_NAME, new_user_row
from countenance.settings import Settings

PASSWORD: Final = "seven calm herons by the weir"  # noqa: S105 - of people who do not exist
SAMPLES: Final = 10
WAITING: Final = 12
"""Faces that wait for approval."""
_GIVEN: Final = (
    *("ada", "alan", "barbara", "carl", "dorothy", "edsger", "frances", "grace", "hedy", "ivan"),
    *("jean", "katherine", "leslie", "margaret", "niklaus", "olga", "peter", "radia", "sophie"),
)
_FAMILY: Final = (
    *("archer", "baker", "carter", "dyer", "fisher", "gardener", "hunter", "joiner", "mason"),
    *("miller", "potter", "sawyer", "shepherd", "smith", "tanner", "taylor", "turner", "weaver"),
)
_SHARES: Final = (
    (Tag.LOGIN_GRANTED, None, 60),
    (Tag.PASSWORD_REFUSED, None, 20),
    (Tag.LOGIN_REFUSED, "not_matched", 10),
    (Tag.LOGIN_REFUSED, "poor_quality", 8),
    (Tag.LOGIN_REFUSED, "presentation_attack", 2),
)
"""What happened, why, and how often of a hundred."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Somebody of each kind, to look at the house as."""

    somebody: dict[Role, UserId]
    """An enabled user of each role with a face."""
    disabled: tuple[str, ...]
    """Login names of people who are disabled."""
    invited: tuple[str, ...]
    """Login names of people who have no password yet."""
    enabled: tuple[str, ...]
    """Login names of the others."""
    middle: str
    """Login name in the middle of the list."""


def settle(
    settings: Settings, *, clock: Clock, people: int, events: int, pack: str, seed: int = 1
) -> Crowd:
    """Fill an empty installation.

    Args:
        people: at least 100.
        events: rows of logins and refusals in the trail.
        pack: the model pack that made their faces.

    Raises: ConfigurationError, StorageError, DatabaseError.
    """
    database = open_database(settings.database_url)
    try:
        upgrade(database)
        store = Store(database, clock)
        keys = open_keys(store, home=settings.home, configured=settings.master_key)
        open_trail(store, keys.audit)
        draw = random.Random(seed)  # noqa: S311 # nosec B311 # a crowd, no secret
        rows = list(_rows(people, now=clock.now(), draw=draw))
        with store.writing() as session:
            _move_in(session, rows, keys, pack=pack, now=clock.now())
            _live(session, rows, events=events, now=clock.now(), draw=draw)
        return _crowd(rows)
    finally:
        database.close()


def _rows(people: int, *, now: datetime, draw: random.Random) -> Iterator[UserRow]:
    hashed = Hasher().hash_new(PASSWORD, name="nobody")
    for number in range(people):
        given, family = draw.choice(_GIVEN), draw.choice(_FAMILY)
        row = new_user_row(
            f"{given}.{family}.{number}",
            f"{given.title()} {family.title()}",
            role=_role(number),
            password_hash=hashed,
            at=now - timedelta(days=draw.uniform(1, 700)),
        )
        if number >= len(Role) * 2:
            row.is_enabled = number % 31 != 0
            row.password_hash = NO_PASSWORD if number % 29 == 0 else hashed
        row.last_login_at = now - timedelta(minutes=draw.uniform(1, 50_000))
        yield row


def _role(number: int) -> Role:
    """Two of each role, then one in fifty is not a viewer."""
    roles = list(Role)
    return roles[number % len(roles)] if number < len(roles) * 2 or number % 50 == 0 else roles[0]


def _move_in(
    session: DbSession, rows: list[UserRow], keys: Keys, *, pack: str, now: datetime
) -> None:
    numbers = np.random.default_rng(1)
    session.add(InstallationRow(name=SET_UP_NAME, value="1"))
    session.add_all(rows)
    session.flush()
    for number, row in enumerate(rows):
        if number % 10 == 9:
            continue  # no face
        made_by = "older/1" if number % 37 == 11 else pack
        values = numbers.normal(size=(SAMPLES, 128))
        values /= np.linalg.norm(values, axis=1, keepdims=True)
        template = Template(values.astype(np.float32), made_by)
        user_id = UserId(row.id)
        sealed = seal(template, user_id=user_id, wrapping_key=keys.wrapping)
        session.add_all(_stored(row, sealed, pack=made_by))
        if len(rows) - number <= WAITING:
            waiting = PendingFaceRow(
                user_id=row.id,
                id=str(uuid4()),
                enrolled_by=rows[0].id,
                pack=pack,
                samples=SAMPLES,
                enrolled_at=now,
                key_nonce=sealed.key_nonce,
                wrapped_key=sealed.wrapped_key,
                nonce=sealed.nonce,
                ciphertext=sealed.ciphertext,
            )
            session.add(waiting)


def _stored(row: UserRow, sealed: Sealed, *, pack: str) -> tuple[TemplateKeyRow, TemplateRow]:
    key = TemplateKeyRow(user_id=row.id, nonce=sealed.key_nonce, wrapped_key=sealed.wrapped_key)
    template = TemplateRow(
        user_id=row.id,
        pack=pack,
        samples=SAMPLES,
        enrolled_at=row.created_at,
        nonce=sealed.nonce,
        ciphertext=sealed.ciphertext,
    )
    return key, template


def _live(
    session: DbSession, rows: list[UserRow], *, events: int, now: datetime, draw: random.Random
) -> None:
    kinds = draw.choices(_SHARES, weights=[share for _, _, share in _SHARES], k=events)
    for number, (tag, reason, _) in enumerate(kinds):
        who = UserId(draw.choice(rows).id)
        note(
            session,
            tag,
            at=now - timedelta(seconds=10 * (events - number)),
            subject_id=who,
            actor_id=who if tag is Tag.LOGIN_GRANTED else None,
            address=f"192.0.2.{number % 250}",
            details={"reason": reason} if reason else {},
        )


def _crowd(rows: list[UserRow]) -> Crowd:
    first = rows[: len(Role)]
    names = sorted(row.name for row in rows)
    enabled = [row for row in rows if row.is_enabled]
    return Crowd(
        somebody={Role(row.role): UserId(row.id) for row in first},
        disabled=tuple(row.name for row in rows if not row.is_enabled),
        invited=tuple(row.name for row in enabled if row.password_hash == NO_PASSWORD),
        enabled=tuple(row.name for row in enabled if row.password_hash != NO_PASSWORD),
        middle=names[len(names) // 2],
    )
