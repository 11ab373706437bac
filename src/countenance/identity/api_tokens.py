"""Tokens with which programs ask the API, each for the person who made it.

A token is `cnt_<id>_<secret>`: the id finds the row, the secret has 256 random bits, so that its
SHA-256 alone can be stored. Whoever has no right secret is told nothing: an unknown id costs the
same comparison as a wrong secret.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session as DbSession

from countenance.events import Tag
from countenance.identity.administration_interfaces import ApiToken
from countenance.identity.api_scopes import Scope, scopes_within
from countenance.identity.api_token_rows import ApiTokenRow
from countenance.identity.audit import note
from countenance.identity.errors import NotPermittedError, TokenNotFoundError, UnfitTokenError
from countenance.identity.interfaces import User, UserId
from countenance.identity.permissions import Permission
from countenance.identity.store import CLOCK_TOLERANCE, Store, affected, read_user
from countenance.identity.tokens import digest, new_token

PREFIX: Final = "cnt"
DEFAULT_DAYS: Final = 90
MAX_DAYS: Final = 365
MAX_NAME: Final = 64
_ID_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_ID_LENGTH: Final = 12
_NO_SECRET: Final = digest("")
_USE_COARSE: Final = timedelta(minutes=1)
_KEPT_DEAD: Final = timedelta(days=365)
"""How long a token that works no more is listed, so that its rows in the trail have a name."""


class SqlApiTokens:
    """`administration_interfaces.ApiTokens` in the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def make(
        self,
        *,
        name: str,
        scopes: Collection[Scope],
        days: int,
        maker: UserId,
        is_command_line: bool = False,
    ) -> tuple[ApiToken, str]:
        shown = _name(name)
        _check_wish(scopes, days)
        token_id, secret, now = _new_id(), new_token(), self._store.now()
        with self._store.writing() as session:
            user = read_user(session, maker)
            _check_maker(user, scopes)
            row = ApiTokenRow(
                id=token_id,
                user_id=maker,
                name=shown,
                secret_hash=digest(secret),
                scopes=" ".join(sorted(scopes)),
                created_at=now,
                expires_at=now + timedelta(days=days),
                last_used_at=None,
                revoked_at=None,
            )
            session.add(row)
            session.flush()
            note(
                session,
                Tag.TOKEN_MADE,
                at=now,
                subject_id=maker,
                actor_id=None if is_command_line else maker,
                details={
                    "token": token_id,
                    "name": shown,
                    "scopes": row.scopes,
                    "expires": row.expires_at.isoformat(timespec="seconds"),
                },
            )
            return _token(row, user, now=now), f"{PREFIX}_{token_id}_{secret}"

    def find(self, text: str) -> ApiToken | None:
        kind, _, rest = text.partition("_")
        token_id, _, secret = rest.partition("_")
        with self._store.reading() as session:
            row = session.get(ApiTokenRow, token_id) if _is_id(token_id) else None
            stored = row.secret_hash if row is not None else _NO_SECRET
            is_right = hmac.compare_digest(digest(secret).encode(), stored.encode())
            if row is None or kind != PREFIX or not secret or not is_right:
                return None
            token = _token(row, read_user(session, UserId(row.user_id)), now=self._store.now())
        if not token.is_good:
            return None
        self._note_use(token)
        return token

    def get(self, token_id: str) -> ApiToken:
        with self._store.reading() as session:
            row = _row(session, token_id)
            return _token(row, read_user(session, UserId(row.user_id)), now=self._store.now())

    def list_tokens(self) -> tuple[ApiToken, ...]:
        now = self._store.now()
        query = select(ApiTokenRow).order_by(ApiTokenRow.created_at.desc(), ApiTokenRow.id)
        with self._store.reading() as session:
            makers: dict[str, User] = {}
            found = []
            for row in session.scalars(query):
                if row.user_id not in makers:
                    makers[row.user_id] = read_user(session, UserId(row.user_id))
                found.append(_token(row, makers[row.user_id], now=now))
        return tuple(found)

    def revoke(self, token_id: str, *, actor: UserId | None) -> bool:
        now = self._store.now()
        with self._store.writing() as session:
            row = _row(session, token_id)
            ending = update(ApiTokenRow).where(
                ApiTokenRow.id == row.id, ApiTokenRow.revoked_at.is_(None)
            )
            if affected(session, ending.values(revoked_at=now)) != 1:
                return False
            note(
                session,
                Tag.TOKEN_REVOKED,
                at=now,
                subject_id=UserId(row.user_id),
                actor_id=actor,
                details={"token": row.id, "name": row.name},
            )
        return True

    def purge(self) -> int:
        """Drop tokens that have not worked for a year; returns how many."""
        before = self._store.now() - _KEPT_DEAD
        over = or_(ApiTokenRow.expires_at <= before, ApiTokenRow.revoked_at <= before)
        with self._store.writing() as session:
            return affected(session, delete(ApiTokenRow).where(over))

    def _note_use(self, token: ApiToken) -> None:
        now = self._store.now()
        if token.last_used_at is not None and now - token.last_used_at < _USE_COARSE:
            return
        with self._store.writing() as session:
            session.execute(
                update(ApiTokenRow).where(ApiTokenRow.id == token.id).values(last_used_at=now)
            )


def _token(row: ApiTokenRow, maker: User, *, now: datetime) -> ApiToken:
    is_current = row.created_at <= now + CLOCK_TOLERANCE and now < row.expires_at
    has_authority = maker.is_enabled and maker.may(Permission.MANAGE_TOKENS)
    given = frozenset(Scope(text) for text in row.scopes.split() if text in set(Scope))
    return ApiToken(
        id=row.id,
        name=row.name,
        scopes=given,
        usable_scopes=scopes_within(maker.role, given),
        maker=maker,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        is_expired=not is_current,
        is_good=is_current and row.revoked_at is None and has_authority,
    )


def _row(session: DbSession, token_id: str) -> ApiTokenRow:
    row = session.get(ApiTokenRow, token_id) if _is_id(token_id) else None
    if row is None:
        raise TokenNotFoundError("There is no such token.", remedy="See the list of tokens.")
    return row


def _check_wish(scopes: Collection[Scope], days: int) -> None:
    if not scopes:
        raise UnfitTokenError("A token needs a scope.", remedy="Choose what it may do.")
    if not 1 <= days <= MAX_DAYS:
        raise UnfitTokenError(
            f"A token is good for 1 to {MAX_DAYS} days.", remedy="Choose another end."
        )


def _check_maker(user: User, scopes: Collection[Scope]) -> None:
    is_enough = user.is_enabled and user.may(Permission.MANAGE_TOKENS)
    if not is_enough or scopes_within(user.role, scopes) != frozenset(scopes):
        raise NotPermittedError(
            f"{user.name} may not make a token that can do this.",
            remedy="Ask an administrator, or leave scopes out.",
        )


def _name(text: str) -> str:
    """Single blanks, nothing invisible. Raises: UnfitTokenError."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise UnfitTokenError(
            "A token needs a name that says what uses it.",
            remedy=f"Take 1 to {MAX_NAME} printable characters.",
        )
    return name


def _new_id() -> str:
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))


def _is_id(text: str) -> bool:
    return len(text) == _ID_LENGTH and all(c in _ID_ALPHABET for c in text)
