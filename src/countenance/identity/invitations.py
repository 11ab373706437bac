"""Invitations: whoever is invited, or had the password reset, chooses one with a one-time code.

A code has 98 random bits, so its SHA-256 alone can be stored and it needs no count of wrong tries.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, update
from sqlalchemy.orm import Session as DbSession

from countenance.events import Tag
from countenance.identity.administration_interfaces import Invitation, InvitationReason
from countenance.identity.audit import note
from countenance.identity.endings import drop_pending_logins, end_sessions
from countenance.identity.errors import InvitationError, UserNotFoundError
from countenance.identity.interfaces import User, UserId
from countenance.identity.invitation_rows import InvitationRow
from countenance.identity.models import UserRow
from countenance.identity.passwords import NO_PASSWORD, Hasher
from countenance.identity.permissions import Role
from countenance.identity.store import Store, affected, as_user, is_current, read_user, select_users
from countenance.identity.throttle_book import forget_tallies
from countenance.identity.throttling import Tried
from countenance.identity.tokens import bare_code, digest, new_code
from countenance.identity.users import insert_user, new_user_row

CODE_GROUPS: Final = 4
"""Groups of five characters: 98 bits."""


class SqlInvitations:
    """`administration_interfaces.Invitations` in the database."""

    def __init__(self, store: Store, hasher: Hasher, *, lifetime_s: float) -> None:
        self._store = store
        self._hasher = hasher
        self._lifetime = timedelta(seconds=lifetime_s)

    def invite(
        self, *, name: str, display_name: str, role: Role, actor: UserId | None
    ) -> tuple[User, str]:
        row = new_user_row(
            name, display_name, role=role, password_hash=NO_PASSWORD, at=self._store.now()
        )
        user_id = UserId(row.id)
        with self._store.writing() as session:
            insert_user(session, row, actor=actor)
            code = self._issue(session, user_id, InvitationReason.INVITED, actor=actor)
            return read_user(session, user_id), code

    def reset(self, user_id: UserId, *, actor: UserId | None) -> str:
        with self._store.writing() as session:
            user = read_user(session, user_id)
            if not user.is_enabled:
                raise UserNotFoundError("The user is disabled.", remedy="Enable the user first.")
            is_new = not user.has_password and user.last_login_at is None
            if not is_new:
                self._take_password(session, user_id, actor=actor)
            reason = InvitationReason.INVITED if is_new else InvitationReason.RESET
            return self._issue(session, user_id, reason, actor=actor)

    def find(self, code: str) -> Invitation | None:
        with self._store.reading() as session:
            return self._found(session, code)

    def accept(self, code: str, *, password: str) -> User:
        found = self.find(code)
        if found is None:
            raise _no_invitation()
        user_id = found.user.id
        hashed = self._hasher.hash_new(password, name=found.user.name)
        use = delete(InvitationRow).where(
            InvitationRow.user_id == user_id, InvitationRow.code_hash == _hash(code)
        )
        with self._store.writing() as session:
            if affected(session, use) != 1:
                raise _no_invitation()
            session.execute(
                update(UserRow)
                .where(UserRow.id == user_id)
                .values(password_hash=hashed, must_change_password=False)
            )
            drop_pending_logins(session, user_id)
            forget_tallies(session, user_id, Tried.PASSWORD)
            note(
                session,
                Tag.INVITATION_ACCEPTED,
                at=self._store.now(),
                subject_id=user_id,
                actor_id=user_id,
                details={"reason": found.reason.value},
            )
            session.expire_all()
            return read_user(session, user_id)

    def purge(self) -> int:
        """Drop codes that have expired; returns how many."""
        over = InvitationRow.expires_at <= self._store.now()
        with self._store.writing() as session:
            return affected(session, delete(InvitationRow).where(over))

    def _take_password(self, session: DbSession, user_id: UserId, *, actor: UserId | None) -> None:
        session.execute(
            update(UserRow)
            .where(UserRow.id == user_id)
            .values(password_hash=NO_PASSWORD, must_change_password=False)
        )
        drop_pending_logins(session, user_id)
        end_sessions(session, user_id)
        at = self._store.now()
        note(session, Tag.PASSWORD_RESET, at=at, subject_id=user_id, actor_id=actor)

    def _issue(
        self,
        session: DbSession,
        user_id: UserId,
        reason: InvitationReason,
        *,
        actor: UserId | None,
    ) -> str:
        code, now = new_code(CODE_GROUPS), self._store.now()
        session.execute(delete(InvitationRow).where(InvitationRow.user_id == user_id))
        session.add(
            InvitationRow(
                user_id=user_id,
                code_hash=_hash(code),
                reason=reason.value,
                created_at=now,
                expires_at=now + self._lifetime,
            )
        )
        note(
            session,
            Tag.INVITATION_ISSUED,
            at=now,
            subject_id=user_id,
            actor_id=actor,
            details={"reason": reason.value},
        )
        return code

    def _found(self, session: DbSession, code: str) -> Invitation | None:
        columns = InvitationRow.__table__.c
        query = (
            select_users()
            .add_columns(InvitationRow)
            .join(InvitationRow, InvitationRow.user_id == UserRow.id)
            .where(
                InvitationRow.code_hash == _hash(code),
                UserRow.is_enabled,
                is_current(columns.created_at, columns.expires_at, self._store.now()),
            )
        )
        record = session.execute(query).one_or_none()
        if record is None:
            return None
        row: InvitationRow = record.InvitationRow
        user = as_user(record[0], record[1], record[2], record[3])
        return Invitation(user, InvitationReason(row.reason), row.expires_at)


def _hash(code: str) -> str:
    return digest(bare_code(code))


def _no_invitation() -> InvitationError:
    return InvitationError(
        "This code is not right, used or expired.", remedy="Ask an administrator for a new one."
    )
