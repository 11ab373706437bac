"""Templates, encrypted with AES-256-GCM.

Each template has a data key of its own, wrapped by a key that is derived from the master key
(NIST SP 800-38D; 96-bit random nonces, each key used once). Both ciphertexts are bound to the
user, the pack and the version of this layout, so that rows cannot be exchanged or relabelled.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Final, NamedTuple, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session as DbSession

from countenance.biometrics.templates import Template
from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.camera_calibrations import drop_cameras
from countenance.identity.consents import withdraw
from countenance.identity.errors import TemplateUnreadableError
from countenance.identity.interfaces import UserId
from countenance.identity.keys import Keys, check_current
from countenance.identity.models import TemplateKeyRow, TemplateRow
from countenance.identity.pending_face_rows import PendingFaceRow, drop_pending_face
from countenance.identity.store import Store, affected, read_user
from countenance.identity.template_changes import note_change
from countenance.identity.throttle_book import forget_tallies
from countenance.identity.throttling import Tried

VERSION: Final = 1
NONCE_BYTES: Final = 12
DATA_KEY_BITS: Final = 256
Record = tuple[TemplateRow, TemplateKeyRow | None]
"""A template as it is stored, and its data key."""


class Sealed(NamedTuple):
    """An encrypted template."""

    key_nonce: bytes
    wrapped_key: bytes
    nonce: bytes
    ciphertext: bytes


class SqlTemplateVault:
    """`interfaces.TemplateVault` in the database."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    def store(self, user_id: UserId, template: Template, *, actor: UserId | None) -> None:
        sealed = seal(template, user_id=user_id, wrapping_key=self._keys.wrapping)
        now = self._store.now()
        with self._store.writing() as session:
            check_current(session, self._keys)
            read_user(session, user_id)
            drop_pending_face(session, user_id)
            put_template(
                session,
                user_id,
                sealed,
                pack=template.pack,
                samples=len(template.samples),
                enrolled_at=now,
            )
            details = {"pack": template.pack, "samples": str(len(template.samples))}
            note(
                session,
                Tag.FACE_ENROLLED,
                at=now,
                subject_id=user_id,
                actor_id=actor,
                details=details,
            )
            note_change(session, user_id)
        self._store.scrub()

    def load(self, user_id: UserId) -> Template | None:
        with self._store.reading() as session:
            record = session.execute(
                select_records().where(TemplateRow.user_id == user_id)
            ).one_or_none()
        return None if record is None else open_record(*record, self._keys)

    def erase(self, user_id: UserId, *, actor: UserId | None) -> bool:
        with self._store.writing() as session:
            if not drop_pending_face(session, user_id) | _drop(session, user_id):
                return False
            drop_cameras(session, user_id)
            now = self._store.now()
            note(session, Tag.FACE_ERASED, at=now, subject_id=user_id, actor_id=actor)
            withdraw(session, user_id, at=now, actor=actor)
            note_change(session, user_id)
        self._store.scrub()
        return True


def put_template(
    session: DbSession,
    user_id: UserId,
    sealed: Sealed,
    *,
    pack: str,
    samples: int,
    enrolled_at: datetime,
) -> None:
    """Put a sealed template in the place of an earlier one; the caller notes the change."""
    _drop(session, user_id)
    forget_tallies(session, user_id, Tried.FACE)
    key = TemplateKeyRow(user_id=user_id, nonce=sealed.key_nonce, wrapped_key=sealed.wrapped_key)
    template = TemplateRow(
        user_id=user_id,
        pack=pack,
        samples=samples,
        enrolled_at=enrolled_at,
        nonce=sealed.nonce,
        ciphertext=sealed.ciphertext,
    )
    session.add_all([key, template])


def open_record(row: TemplateRow, key: TemplateKeyRow | None, keys: Keys) -> Template:
    """Decrypt one of `select_records`. Raises: TemplateUnreadableError: it cannot be."""
    user_id = UserId(row.user_id)
    if key is None:
        raise _unreadable(user_id)
    sealed = Sealed(key.nonce, key.wrapped_key, row.nonce, row.ciphertext)
    return unseal(sealed, user_id=user_id, pack=row.pack, wrapping_key=keys.wrapping)


def seal(template: Template, *, user_id: UserId, wrapping_key: bytes) -> Sealed:
    """Encrypt a template under a new data key, and that key under the wrapping key."""
    data_key = AESGCM.generate_key(DATA_KEY_BITS)
    context = _context(user_id, template.pack)
    key_nonce, nonce = os.urandom(NONCE_BYTES), os.urandom(NONCE_BYTES)
    return Sealed(
        key_nonce=key_nonce,
        wrapped_key=AESGCM(wrapping_key).encrypt(key_nonce, data_key, b"key" + context),
        nonce=nonce,
        ciphertext=AESGCM(data_key).encrypt(nonce, template.to_bytes(), b"template" + context),
    )


def unseal(sealed: Sealed, *, user_id: UserId, pack: str, wrapping_key: bytes) -> Template:
    """Inverse of `seal`. Raises: TemplateUnreadableError: a bit of it, or its place, is another."""
    context = _context(user_id, pack)
    try:
        data_key = AESGCM(wrapping_key).decrypt(
            sealed.key_nonce, sealed.wrapped_key, b"key" + context
        )
        plain = AESGCM(data_key).decrypt(sealed.nonce, sealed.ciphertext, b"template" + context)
        return Template.from_bytes(plain, pack=pack)
    except (InvalidTag, ValueError) as error:
        raise _unreadable(user_id) from error


def rewrap_data_keys(session: DbSession, *, old_key: bytes, new_key: bytes) -> tuple[int, int]:
    """Wrap every data key anew, also of faces that wait for approval; templates stay as they are.

    Returns: how many were wrapped, and how many could not be opened and stay as they are.
    """
    wrapped = unreadable = 0
    for row, key in session.execute(select_records()).all():
        if key is None:
            continue
        anew = _wrapped_anew(row, key.nonce, key.wrapped_key, old_key=old_key, new_key=new_key)
        if anew is None:
            unreadable += 1
        else:
            key.nonce, key.wrapped_key = anew
            wrapped += 1
    for face in session.scalars(select(PendingFaceRow)).all():
        anew = _wrapped_anew(
            face, face.key_nonce, face.wrapped_key, old_key=old_key, new_key=new_key
        )
        if anew is None:
            unreadable += 1
        else:
            face.key_nonce, face.wrapped_key = anew
            wrapped += 1
    return wrapped, unreadable


def _wrapped_anew(
    row: TemplateRow | PendingFaceRow,
    nonce: bytes,
    wrapped_key: bytes,
    *,
    old_key: bytes,
    new_key: bytes,
) -> tuple[bytes, bytes] | None:
    """Nonce and wrapped data key under the new key; None when the old one does not open it."""
    context = b"key" + _context(UserId(row.user_id), row.pack)
    try:
        data_key = AESGCM(old_key).decrypt(nonce, wrapped_key, context)
    except (InvalidTag, ValueError):
        return None
    nonce = os.urandom(NONCE_BYTES)
    return nonce, AESGCM(new_key).encrypt(nonce, data_key, context)


def _context(user_id: UserId, pack: str) -> bytes:
    """Associated data: version, then each part after its length, so that none can run over."""
    parts = [user_id.encode(), pack.encode()]
    return bytes([VERSION]) + b"".join(len(p).to_bytes(2, "big") + p for p in parts)


def select_records() -> Select[TemplateRow, TemplateKeyRow | None]:
    """Templates with their keys; the key is None where it is missing."""
    joined = select(TemplateRow, TemplateKeyRow).outerjoin(
        TemplateKeyRow, TemplateKeyRow.user_id == TemplateRow.user_id
    )
    return cast("Select[TemplateRow, TemplateKeyRow | None]", joined)


def _drop(session: DbSession, user_id: UserId) -> bool:
    affected(session, delete(TemplateKeyRow).where(TemplateKeyRow.user_id == user_id))
    return affected(session, delete(TemplateRow).where(TemplateRow.user_id == user_id)) > 0


def _unreadable(user_id: UserId) -> TemplateUnreadableError:
    return TemplateUnreadableError(
        f"The face template of user {user_id} cannot be decrypted.",
        remedy="Enrol the face of this user anew.",
    )
