"""All enrolled faces as a gallery in memory that follows the database.

Templates are decrypted once, into memory that no disk sees; afterwards only those that changed.
There is no copy of the gallery in a file: erasing a data key must end the template.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session as DbSession

from countenance.biometrics.identification import Gallery
from countenance.biometrics.templates import Template
from countenance.identity import template_changes
from countenance.identity.errors import StorageError, TemplateUnreadableError
from countenance.identity.interfaces import Enrolled, UserId
from countenance.identity.keys import Keys
from countenance.identity.models import TemplateRow
from countenance.identity.private_memory import private_rows
from countenance.identity.store import Store
from countenance.identity.template_vault import Record, open_record, select_records

BATCH: Final = 500
"""Templates read at a time; no transaction stays open between two batches."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A gallery and the revision of the database that it shows."""

    revision: int
    enrolled: Enrolled


class SqlEnrolledFaces:
    """`interfaces.EnrolledFaces` over the database; safe to use from many threads."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}
        store.after_erasure(self.follow)

    def of_pack(self, pack: str) -> Enrolled:
        with self._lock:
            held = self._held.get(pack)
            held = self._loaded(pack) if held is None else self._followed(held)
            self._held[pack] = held
            return held.enrolled

    def follow(self) -> None:
        with self._lock:
            try:
                self._held = {pack: self._followed(held) for pack, held in self._held.items()}
            except StorageError:
                # What cannot be brought up to date may hold somebody who was erased.
                self._held = {}

    def _loaded(self, pack: str) -> _Held:
        with self._store.reading() as session:
            revision = template_changes.revision(session)
        # Changes made while this reads are newer than `revision`: they are read again later.
        reading = _Reading(self._keys, self._batches(pack))
        gallery = Gallery(pack, allocate=private_rows).changed(reading)
        return _Held(revision, Enrolled(gallery, frozenset(reading.unreadable)))

    def _batches(self, pack: str) -> Iterator[Sequence[Record]]:
        query = select_records().where(TemplateRow.pack == pack)
        query = query.order_by(TemplateRow.user_id).limit(BATCH)
        last = ""
        while True:
            with self._store.reading() as session:
                batch = session.execute(query.where(TemplateRow.user_id > last)).all()
            yield [(row, key) for row, key in batch]
            if len(batch) < BATCH:
                return
            last = batch[-1][0].user_id

    def _followed(self, held: _Held) -> _Held:
        """The same, with what changed since."""
        with self._store.reading() as session:
            revision, changed = template_changes.changes_since(session, held.revision)
            if not changed:
                return held
            gallery, unreadable = held.enrolled
            records = _records_of(session, changed, pack=gallery.pack)
        reading = _Reading(self._keys, [records])
        present = {UserId(row.user_id) for row, _ in records}
        put = dict(reading)
        gone = [user_id for user_id in changed if user_id not in put]
        unreadable = (unreadable - set(changed)) | (reading.unreadable & present)
        gallery = gallery.changed(put.items(), removed=gone)
        return _Held(revision, Enrolled(gallery, frozenset(unreadable)))


class _Reading:
    """Decrypts records one after the other, and keeps apart what cannot be."""

    def __init__(self, keys: Keys, batches: Iterable[Sequence[Record]]) -> None:
        self._keys = keys
        self._batches = batches
        self.unreadable: set[UserId] = set()

    def __iter__(self) -> Iterator[tuple[UserId, Template]]:
        for batch in self._batches:
            for row, key in batch:
                user_id = UserId(row.user_id)
                try:
                    template = open_record(row, key, self._keys)
                except TemplateUnreadableError:
                    self.unreadable.add(user_id)
                else:
                    yield user_id, template


def _records_of(session: DbSession, user_ids: list[UserId], *, pack: str) -> list[Record]:
    found: list[Record] = []
    for at in range(0, len(user_ids), BATCH):
        part = user_ids[at : at + BATCH]
        query = select_records().where(TemplateRow.pack == pack, TemplateRow.user_id.in_(part))
        found += [(row, key) for row, key in session.execute(query)]
    return found
