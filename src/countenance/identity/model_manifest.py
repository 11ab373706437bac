"""The manifest of the models in the database, sealed under a key of its own.

The seal tells an altered manifest; that an older one was put back, with the files of its time,
is told by the newest row of the audit trail that speaks of it. Whoever puts back both cuts the
trail, which `audit verify` finds with an anchor from outside.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from countenance.events import Tag
from countenance.identity import audit_chain
from countenance.identity.audit import note
from countenance.identity.audit_chain import GENESIS, Link
from countenance.identity.audit_trail import HEAD_NAME
from countenance.identity.keys import CHECK_NAME, Keys, check_current
from countenance.identity.models import AuditRow, InstallationRow
from countenance.identity.store import Store
from countenance.vision.errors import ManifestError
from countenance.vision.manifest import Change, ListedFile, Manifest, parse_manifest

MANIFEST_NAME: Final = "models-manifest"
_TAGS: Final = (
    Tag.MODELS_ADOPTED,
    Tag.MODELS_LISTED,
    Tag.MODELS_UNLISTED,
    Tag.MODELS_ACCEPTED,
    Tag.AUDIT_PRUNED,  # carries on what an older row told
)
_REMEDY: Final = (
    "Find out who altered the database; once you know that the models are right: "
    "countenance models accept"
)


class SqlManifestBook:
    """`vision.manifest.ManifestBook` in the database."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    @property
    def key_id(self) -> str:
        return self.seal("key-id")[:16]

    def read(self) -> Manifest | None:
        with self._store.reading() as session:
            return self._read(session)

    def change(self, change: Change, *, tag: Tag, details: Mapping[str, str]) -> None:
        with self._store.writing() as session:
            _one_at_a_time(session)
            check_current(session, self._keys)
            row = _row(session)
            after = change(self._read(session))
            if after is not None:
                self._write(session, row, after, tag=tag, details=details)

    def replace(self, files: Iterable[ListedFile], *, details: Mapping[str, str]) -> Manifest:
        with self._store.writing() as session:
            _one_at_a_time(session)
            check_current(session, self._keys)
            row = _row(session)
            serial = max(self._told(session, checks=False)[0], _serial(row))
            after = Manifest(serial).replaced((), files)
            self._write(session, row, after, tag=Tag.MODELS_ACCEPTED, details=details)
            return after

    def seal(self, text: str) -> str:
        return _seal(self._keys.models, text)

    def promoted_sha256(self) -> str | None:
        with self._store.reading() as session:
            newest = self._newest(session, (Tag.DETECTOR_PROMOTED, Tag.DETECTOR_DEMOTED))
        if newest is None or newest.tag != Tag.DETECTOR_PROMOTED:
            return None
        return str(json.loads(newest.details).get("sha256", "")) or None

    def _read(self, session: DbSession) -> Manifest | None:
        row = _row(session)
        serial, digest = self._told(session)
        if row is None:
            if serial:
                raise ManifestError(
                    "The manifest of the models is gone from the database.", remedy=_REMEDY
                )
            return None
        manifest = open_manifest(row.value, self._keys.models)
        if manifest is None:
            check_current(session, self._keys)
            raise ManifestError(
                "The manifest of the models was altered: its seal is not of this installation's "
                "key.",
                remedy=_REMEDY,
            )
        if serial and (manifest.serial, manifest.digest) != (serial, digest):
            raise ManifestError(
                f"The manifest of the models is not the newest: it has number {manifest.serial}, "
                f"the audit trail tells of number {serial}.",
                remedy=_REMEDY,
            )
        return manifest

    def _told(self, session: DbSession, *, checks: bool = True) -> tuple[int, str]:
        """Number and digest of the newest manifest that the audit trail tells of; 0 and empty."""
        newest = self._newest(session, _TAGS, checks=checks)
        details = json.loads(newest.details) if newest is not None else {}
        return int(details.get("serial", 0)), str(details.get("manifest", ""))

    def carried(self, session: DbSession) -> Mapping[str, str]:
        """What the row that tells of a pruning says of the newest manifest."""
        serial, digest = self._told(session)
        return {"serial": str(serial), "manifest": digest} if serial else {}

    def _newest(
        self, session: DbSession, tags: tuple[Tag, ...], *, checks: bool = True
    ) -> AuditRow | None:
        """The newest row with one of these tags.

        Raises: ManifestError: it was not written by this product.
        """
        query = select(AuditRow).where(AuditRow.tag.in_([tag.value for tag in tags]))
        row = session.scalars(query.order_by(AuditRow.id.desc()).limit(1)).one_or_none()
        if checks and row is not None and not _is_sealed(session, row, self._keys.audit):
            raise ManifestError(
                f"Row {row.id} of the audit trail, which tells of the models, was altered.",
                remedy=f"Look with: countenance audit verify. {_REMEDY}",
            )
        return row

    def _write(
        self,
        session: DbSession,
        row: InstallationRow | None,
        manifest: Manifest,
        *,
        tag: Tag,
        details: Mapping[str, str],
    ) -> None:
        text = seal_manifest(manifest, self._keys.models)
        if row is None:
            session.add(InstallationRow(name=MANIFEST_NAME, value=text))
        else:
            row.value = text
        told = {**details, "serial": str(manifest.serial), "manifest": manifest.digest}
        note(session, tag, at=self._store.now(), details=told)


def seal_manifest(manifest: Manifest, key: bytes) -> str:
    """The text of a manifest with its seal."""
    text = manifest.as_json()
    return json.dumps({"manifest": text, "seal": _seal(key, f"manifest:{text}")})


def open_manifest(text: str, key: bytes) -> Manifest | None:
    """The manifest, or None when it was not sealed with this key."""
    try:
        values = json.loads(text)
        inner, given = str(values["manifest"]), str(values["seal"])
        if not hmac.compare_digest(_seal(key, f"manifest:{inner}").encode(), given.encode()):
            return None
        return parse_manifest(inner)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def reseal_manifest(session: DbSession, *, old_key: bytes, new_key: bytes) -> None:
    """Seal the manifest with another key; one that was not sealed with the old one stays so.

    The caller holds the row of the key's check value, as whoever changes the manifest does.
    """
    row = _row(session)
    manifest = None if row is None else open_manifest(row.value, old_key)
    if row is not None and manifest is not None:
        row.value = seal_manifest(manifest, new_key)


def _seal(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _one_at_a_time(session: DbSession) -> None:
    """Wait for whoever changes the manifest or the master key; that row is always there."""
    query = select(InstallationRow.name).where(InstallationRow.name == CHECK_NAME)
    session.execute(query.with_for_update())


def _value(session: DbSession, name: str) -> str | None:
    return session.scalar(select(InstallationRow.value).where(InstallationRow.name == name))


def _row(session: DbSession) -> InstallationRow | None:
    query = select(InstallationRow).where(InstallationRow.name == MANIFEST_NAME)
    return session.scalars(query).one_or_none()


def _serial(row: InstallationRow | None) -> int:
    """What an altered manifest may still say of itself; 0 when nothing."""
    try:
        return parse_manifest(json.loads(row.value)["manifest"]).serial if row else 0
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0


def _is_sealed(session: DbSession, row: AuditRow, key: bytes) -> bool:
    """Whether a row is as it was joined to the chain, after the row that stands before it now."""
    if row.number is None or row.mac is None:
        return False
    before: str | None = GENESIS
    head = audit_chain.read_head(key, _value(session, HEAD_NAME))
    if head is not None and head.cut is not None and head.cut.rows == row.number - 1:
        before = head.cut.mac
    elif row.number > 1:
        before = session.scalar(select(AuditRow.mac).where(AuditRow.number == row.number - 1))
    link = Link(row.number, row.at, row.tag, row.subject_id, row.actor_id, row.address, row.details)
    expected = audit_chain.seal(key, link, before=before or "")
    return hmac.compare_digest(expected.encode(), row.mac.encode())
