"""People: added, listed, disabled, removed."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Final
from uuid import uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as DbSession

from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.endings import end_authority, shut_out
from countenance.identity.errors import (
    AlreadySetUpError,
    LastAdministratorError,
    NameTakenError,
    OwnRoleError,
    UnacceptableNameError,
)
from countenance.identity.interfaces import EVERY_USER, Role, User, UserFilter, UserId, UserPage
from countenance.identity.models import InstallationRow, TemplateRow, UserRow
from countenance.identity.names import display_name as shown_name
from countenance.identity.names import fold, login_name
from countenance.identity.passwords import NO_PASSWORD, Hasher
from countenance.identity.store import Store, as_user, is_id, read_user, select_users
from countenance.identity.template_changes import note_change
from countenance.identity.throttle_book import forget_tallies
from countenance.identity.user_pages import user_page

SET_UP_NAME: Final = "set-up"


class SqlUsers:
    """`interfaces.Users` in the database."""

    def __init__(self, store: Store, hasher: Hasher) -> None:
        self._store = store
        self._hasher = hasher

    def is_set_up(self) -> bool:
        with self._store.reading() as session:
            return session.get(InstallationRow, SET_UP_NAME) is not None

    def set_up(self, *, name: str, display_name: str, password: str) -> User:
        if self.is_set_up():
            raise _already_set_up()
        row = self._row(name, display_name, password, Role.ADMINISTRATOR)
        user_id = UserId(row.id)
        with self._store.writing() as session:
            if not _mark_set_up(session):
                raise _already_set_up()
            note(session, Tag.SETUP_COMPLETED, at=row.created_at, actor_id=user_id)
            insert_user(session, row, actor=user_id)
            return read_user(session, user_id)

    def add(
        self, *, name: str, display_name: str, password: str, role: Role, actor: UserId | None
    ) -> User:
        row = self._row(name, display_name, password, role)
        row.must_change_password = True
        with self._store.writing() as session:
            insert_user(session, row, actor=actor)
            return read_user(session, UserId(row.id))

    def get(self, user_id: UserId) -> User:
        with self._store.reading() as session:
            return read_user(session, user_id)

    def find(self, name: str) -> User | None:
        try:
            wanted = login_name(name)
        except UnacceptableNameError:
            return None
        with self._store.reading() as session:
            record = session.execute(select_users().where(UserRow.name == wanted)).one_or_none()
            return None if record is None else as_user(*record)

    def list_users(
        self,
        fits: UserFilter = EVERY_USER,
        *,
        after: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> UserPage:
        with self._store.reading() as session:
            return user_page(session, fits, after=after, before=before, limit=limit)

    def names(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        wanted = [user_id for user_id in user_ids if is_id(user_id)]
        query = select(UserRow.id, UserRow.display_name).where(UserRow.id.in_(wanted))
        with self._store.reading() as session:
            return {UserId(row.id): row.display_name for row in session.execute(query)}

    def count_faces(self) -> Mapping[str, int]:
        counted = func.count().label("faces")
        counts = select(TemplateRow.pack, counted).group_by(TemplateRow.pack)
        with self._store.reading() as session:
            return {row.pack: row.faces for row in session.execute(counts)}

    def rename(self, user_id: UserId, display_name: str, *, actor: UserId | None) -> User:
        with self._store.writing() as session:
            user = read_user(session, user_id)
            shown = shown_name(display_name, fallback=user.name)
            if shown == user.display_name:
                return user
            changed = {"display_name": shown, "search_text": f"{user.name}\n{fold(shown)}"}
            session.execute(update(UserRow).where(UserRow.id == user_id).values(**changed))
            at = self._store.now()
            note(session, Tag.USER_RENAMED, at=at, subject_id=user_id, actor_id=actor)
            session.expire_all()
            return read_user(session, user_id)

    def set_enabled(self, user_id: UserId, *, enabled: bool, actor: UserId | None) -> User:
        with self._store.writing() as session:
            with _administrator_left(session):
                user = read_user(session, user_id)
                if user.is_enabled == enabled:
                    return user
                session.execute(
                    update(UserRow).where(UserRow.id == user_id).values(is_enabled=enabled)
                )
            if not enabled:
                shut_out(session, user_id)
            tag = Tag.USER_ENABLED if enabled else Tag.USER_DISABLED
            note(session, tag, at=self._store.now(), subject_id=user_id, actor_id=actor)
            session.expire_all()
            return read_user(session, user_id)

    def set_role(self, user_id: UserId, role: Role, *, actor: UserId | None) -> User:
        if user_id == actor:
            raise OwnRoleError(
                "Nobody changes the own role.", remedy="Ask another administrator to do it."
            )
        with self._store.writing() as session:
            with _administrator_left(session):
                before = read_user(session, user_id).role
                if before is role:
                    return read_user(session, user_id)
                session.execute(
                    update(UserRow).where(UserRow.id == user_id).values(role=role.value)
                )
            end_authority(session, user_id)
            if role is Role.ADMINISTRATOR:
                _mark_set_up(session)
            note(
                session,
                Tag.USER_ROLE_CHANGED,
                at=self._store.now(),
                subject_id=user_id,
                actor_id=actor,
                details={"from": before.value, "to": role.value},
            )
            session.expire_all()
            return read_user(session, user_id)

    def remove(self, user_id: UserId, *, actor: UserId | None) -> None:
        with self._store.writing() as session:
            with _administrator_left(session):
                read_user(session, user_id)
                session.execute(delete(UserRow).where(UserRow.id == user_id))
            forget_tallies(session, user_id)
            note(
                session,
                Tag.USER_REMOVED,
                at=self._store.now(),
                subject_id=user_id,
                actor_id=actor,
            )
            note_change(session, user_id)
        self._store.scrub()

    def _row(self, name: str, display_name: str, password: str, role: Role) -> UserRow:
        """A new row; hashes the password, so it is made before a transaction holds the writer."""
        row = new_user_row(name, display_name, role=role, at=self._store.now())
        row.password_hash = self._hasher.hash_new(password, name=row.name)
        return row


def new_user_row(
    name: str, display_name: str, *, role: Role, at: datetime, password_hash: str = NO_PASSWORD
) -> UserRow:
    """A row that is not in the database yet. Raises: UnacceptableNameError."""
    key = login_name(name)
    shown = shown_name(display_name, fallback=name.strip())
    return UserRow(
        id=str(uuid4()),
        name=key,
        display_name=shown,
        search_text=f"{key}\n{fold(shown)}",
        role=role.value,
        is_enabled=True,
        must_change_password=False,
        password_hash=password_hash,
        created_at=at,
    )


def insert_user(session: DbSession, row: UserRow, *, actor: UserId | None) -> None:
    """Put a new row in, with its place in the trail. Raises: NameTakenError."""
    _insert(session, row)
    if row.role == Role.ADMINISTRATOR.value:
        _mark_set_up(session)  # from the command line, before the page was ever opened
    note(
        session,
        Tag.USER_ADDED,
        at=row.created_at,
        subject_id=UserId(row.id),
        actor_id=actor,
        details={"role": row.role},
    )


@contextlib.contextmanager
def _administrator_left(session: DbSession) -> Iterator[None]:
    """Let an act pass only if an enabled administrator is left after it."""
    administrators = (
        select(UserRow.id)
        .where(UserRow.role == Role.ADMINISTRATOR.value, UserRow.is_enabled.is_(True))
        .order_by(UserRow.id)
    )
    # The lock makes two acts wait for one another (PostgreSQL; SQLite has one writer anyway).
    before = session.scalars(administrators.with_for_update()).all()
    yield
    if before and not session.scalars(administrators).all():
        raise LastAdministratorError(
            "Nobody would be left who can administer.",
            remedy="Give another user the role of administrator first.",
        )


def _insert(session: DbSession, row: UserRow) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise NameTakenError(
            f"The name {row.name!r} is taken.", remedy="Choose another name."
        ) from None


def _mark_set_up(session: DbSession) -> bool:
    """Note that an administrator exists; False when that was noted before."""
    try:
        with session.begin_nested():
            session.add(InstallationRow(name=SET_UP_NAME, value="1"))
    except IntegrityError:
        return False
    return True


def _already_set_up() -> AlreadySetUpError:
    return AlreadySetUpError("The first administrator exists.", remedy="Log in instead.")
