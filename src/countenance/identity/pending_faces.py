"""Faces enrolled by one person for another, until a second one agrees.

They lie beside the templates and not among them: neither a login nor a search knows them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as DbSession

from countenance.biometrics.templates import Template
from countenance.events import Tag
from countenance.identity.administration_interfaces import PendingFace
from countenance.identity.audit import note
from countenance.identity.errors import NoPendingFaceError, OwnApprovalError
from countenance.identity.interfaces import UserId
from countenance.identity.keys import Keys, check_current
from countenance.identity.pending_face_rows import PendingFaceRow, drop_pending_face
from countenance.identity.store import Store, affected, is_id, read_user
from countenance.identity.template_changes import note_change
from countenance.identity.template_vault import Sealed, put_template, seal

LIFETIME: Final = timedelta(days=30)
"""Biometric data for which nobody cares is not kept."""


class SqlPendingFaces:
    """`administration_interfaces.PendingFaces` in the database."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    def propose(self, user_id: UserId, template: Template, *, actor: UserId) -> None:
        if actor == user_id:
            raise ValueError("an own face needs nobody else")
        sealed = seal(template, user_id=user_id, wrapping_key=self._keys.wrapping)
        now = self._store.now()
        with self._store.writing() as session:
            check_current(session, self._keys)
            read_user(session, user_id)
            drop_pending_face(session, user_id)
            session.add(
                PendingFaceRow(
                    user_id=user_id,
                    id=str(uuid4()),
                    enrolled_by=actor,
                    pack=template.pack,
                    samples=len(template.samples),
                    enrolled_at=now,
                    key_nonce=sealed.key_nonce,
                    wrapped_key=sealed.wrapped_key,
                    nonce=sealed.nonce,
                    ciphertext=sealed.ciphertext,
                )
            )
            details = {"pack": template.pack, "samples": str(len(template.samples))}
            note(
                session,
                Tag.FACE_PROPOSED,
                at=now,
                subject_id=user_id,
                actor_id=actor,
                details=details,
            )
        self._store.scrub()

    def find(self, user_id: UserId) -> PendingFace | None:
        with self._store.reading() as session:
            row = session.get(PendingFaceRow, user_id) if is_id(user_id) else None
            return None if row is None else _pending(row)

    def among(self, user_ids: Collection[UserId]) -> frozenset[UserId]:
        query = select(PendingFaceRow.user_id).where(PendingFaceRow.user_id.in_(list(user_ids)))
        with self._store.reading() as session:
            return frozenset(UserId(user_id) for user_id in session.scalars(query))

    def approve(self, user_id: UserId, face_id: str, *, actor: UserId | None) -> None:
        with self._store.writing() as session:
            face = _taken(session, user_id, face_id)
            if actor is not None and actor in (face.enrolled_by, face.user_id):
                raise OwnApprovalError(
                    "Nobody approves the own face, nor one that they enrolled themselves.",
                    remedy="Ask another person who may approve, or the owner of the face.",
                )
            self._let_count(session, face, Tag.FACE_APPROVED, actor=actor)
        self._store.scrub()

    def confirm(self, user_id: UserId, face_id: str) -> None:
        with self._store.writing() as session:
            face = _taken(session, user_id, face_id)
            self._let_count(session, face, Tag.FACE_CONFIRMED, actor=user_id)
        self._store.scrub()

    def reject(self, user_id: UserId, face_id: str, *, actor: UserId | None) -> None:
        with self._store.writing() as session:
            face = _taken(session, user_id, face_id)
            self._note(session, Tag.FACE_REJECTED, face, actor=actor)
        self._store.scrub()

    def purge(self) -> int:
        """Erase faces that waited too long; returns how many."""
        over = PendingFaceRow.enrolled_at <= self._store.now() - LIFETIME
        with self._store.writing() as session:
            return affected(session, delete(PendingFaceRow).where(over))

    def _let_count(
        self, session: DbSession, face: PendingFaceRow, tag: Tag, *, actor: UserId | None
    ) -> None:
        self._note(session, tag, face, actor=actor)
        put_template(
            session,
            UserId(face.user_id),
            Sealed(face.key_nonce, face.wrapped_key, face.nonce, face.ciphertext),
            pack=face.pack,
            samples=face.samples,
            enrolled_at=face.enrolled_at,
        )
        self._note(session, Tag.FACE_ENROLLED, face, actor=UserId(face.enrolled_by))
        note_change(session, UserId(face.user_id))

    def _note(
        self, session: DbSession, tag: Tag, face: PendingFaceRow, *, actor: UserId | None
    ) -> None:
        details = {"pack": face.pack, "samples": str(face.samples)}
        if tag is not Tag.FACE_ENROLLED:
            details["enrolled_by"] = face.enrolled_by
        note(
            session,
            tag,
            at=self._store.now(),
            subject_id=UserId(face.user_id),
            actor_id=actor,
            details=details,
        )


def _taken(session: DbSession, user_id: UserId, face_id: str) -> PendingFaceRow:
    """The row, no longer in the table: of two decisions at a time one finds none."""
    row = session.get(PendingFaceRow, user_id) if is_id(user_id) else None
    taking = delete(PendingFaceRow).where(
        PendingFaceRow.user_id == user_id, PendingFaceRow.id == face_id
    )
    if row is None or row.id != face_id:
        raise _nothing_waits()
    session.expunge(row)
    if affected(session, taking) != 1:
        raise _nothing_waits()
    return row


def _nothing_waits() -> NoPendingFaceError:
    return NoPendingFaceError(
        "This face waits no longer: it was decided, replaced or too old.",
        remedy="Look at the person again.",
    )


def _pending(row: PendingFaceRow) -> PendingFace:
    return PendingFace(
        id=row.id,
        user_id=UserId(row.user_id),
        enrolled_by=UserId(row.enrolled_by),
        samples=row.samples,
        pack=row.pack,
        enrolled_at=row.enrolled_at,
    )
