"""The chain of the audit trail: what is sealed, and how a break is found. Pure.

Each row carries an HMAC over its content, its number and the HMAC of the row before it. The head,
kept apart from the rows, seals how many there are and the last HMAC. An anchor says the same of a
moment, and is kept where the database's owner cannot reach it.

Rows that are older than the trail is kept are pruned from its beginning. The head then seals where
the rest begins: the number and the HMAC of the last row that went.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

GENESIS: Final = "0" * 64
"""Stands for the HMAC before the first row."""
_HEAD: Final = ("rows", "mac", "since")


@dataclass(frozen=True, slots=True)
class Link:
    """One row, as it is sealed."""

    number: int
    """From 1, without gaps."""
    at: datetime
    """UTC and aware, microseconds."""
    tag: str
    subject_id: str | None
    actor_id: str | None
    address: str
    details: str
    """The JSON text as it is stored, ASCII."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a pruned chain begins."""

    rows: int
    """Number of the last row that was pruned; so many are gone."""
    mac: str
    """Of that row."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends."""

    rows: int
    mac: str
    """Of the last row; `GENESIS` before the first."""
    since: datetime
    """When the chain began. Rows from before were sealed as they stood then."""
    cut: Cut | None = None
    """None when nothing was ever pruned."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """That at a moment the chain had so many rows and ended like that."""

    rows: int
    mac: str
    at: datetime


class Break(StrEnum):
    """What is wrong where a chain is broken."""

    ALTERED = "altered"
    """A row is not as it was written, or stands in the place of another."""
    MISSING = "missing"
    """Rows are gone before this one."""
    UNSEALED = "unsealed"
    """A row stands outside of the chain: it was not written by this product."""
    CUT = "cut"
    """Rows are gone from the end, or were added there without the key."""
    HEAD = "head"
    """The head is gone, or was not made with this key."""
    ANCHOR = "anchor"
    """The chain does not lead through an anchor, or the anchor is not of this key."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found."""

    rows: int
    """Rows that there are."""
    first_broken: int | None
    """Number of the first row that does not fit; None when all do. One more than the last row
    when the end was cut off."""
    what: Break | None = None
    since: datetime | None = None
    """When the chain began; None when its head cannot be believed."""
    pruned: int = 0
    """Rows before the first that there is, which were pruned."""
    unmet_anchors: int = 0
    """Anchors of moments whose rows were pruned; nothing can be said of them."""

    @property
    def is_intact(self) -> bool:
        """Whether every row, the head and all anchors fit."""
        return self.what is None


def seal(key: bytes, link: Link, *, before: str) -> str:
    """HMAC-SHA-256 of a row in hex.

    Args: before: that of the row before, or `GENESIS`.
    """
    return _mac(
        key,
        "row",
        before,
        link.number,
        _moment(link.at),
        link.tag,
        link.subject_id,
        link.actor_id,
        link.address,
        link.details,
    )


def write_head(key: bytes, head: Head) -> str:
    """The head as text, sealed."""
    values: dict[str, object] = {
        "rows": head.rows,
        "mac": head.mac,
        "since": _moment(head.since),
    }
    if head.cut is None:
        return _sealed(key, "head", values)
    values |= {"cut_rows": head.cut.rows, "cut_mac": head.cut.mac}
    return _sealed(key, "pruned-head", values)


def read_head(key: bytes, text: str | None) -> Head | None:
    """The head, or None when there is none or it was not sealed with this key."""
    found = _opened(key, "head", text, names=_HEAD)
    cut = None
    if found is None:
        found = _opened(key, "pruned-head", text, names=(*_HEAD, "cut_rows", "cut_mac"))
        if found is None:
            return None
        cut = Cut(found["cut_rows"], found["cut_mac"])
    return Head(found["rows"], found["mac"], datetime.fromisoformat(found["since"]), cut)


def write_anchor(key: bytes, anchor: Anchor) -> str:
    """The anchor as one line of text, sealed."""
    return _sealed(
        key, "anchor", {"rows": anchor.rows, "mac": anchor.mac, "at": _moment(anchor.at)}
    )


def read_anchor(key: bytes, text: str) -> Anchor | None:
    """The anchor, or None when it was not sealed with this key."""
    found = _opened(key, "anchor", text, names=("rows", "mac", "at"))
    if found is None:
        return None
    return Anchor(found["rows"], found["mac"], datetime.fromisoformat(found["at"]))


def verify(
    key: bytes,
    rows: Iterable[tuple[Link, str]],
    *,
    head: Head | None,
    unsealed: int = 0,
    anchors: Iterable[Anchor | None] = (),
) -> Report:
    """Whether the chain leads without a break from its beginning through all anchors to the head.

    Args:
        rows: all that are in the chain with their HMACs, by number.
        head: None when it could not be read.
        unsealed: rows outside of the chain.
        anchors: None for one that could not be read.
    """
    wanted = list(anchors)
    places = {anchor.rows: anchor.mac for anchor in wanted if anchor is not None}
    cut = head.cut if head is not None and head.cut is not None else Cut(0, GENESIS)
    number, before = cut.rows, cut.mac
    broken: tuple[int, Break] | None = None
    if cut.rows and not _same(places.get(cut.rows, cut.mac), cut.mac):
        broken = (cut.rows, Break.ANCHOR)
    for link, mac in rows:
        number += 1
        if broken is None:
            broken = _broken(key, link, mac, number=number, before=before)
        if broken is None and not _same(places.get(number, mac), mac):
            broken = (number, Break.ANCHOR)
        before = mac
    broken = broken or _end_broken(number, before, head)
    if broken is None and (None in wanted or any(place > number for place in places)):
        broken = (number + 1, Break.ANCHOR)
    if broken is None and unsealed:
        broken = (number + 1, Break.UNSEALED)
    first_broken, what = broken or (None, None)
    return Report(
        rows=number - cut.rows + unsealed,
        first_broken=first_broken,
        what=what,
        since=head.since if head else None,
        pruned=cut.rows,
        unmet_anchors=sum(0 < place < cut.rows for place in places),
    )


def _broken(
    key: bytes, link: Link, mac: str, *, number: int, before: str
) -> tuple[int, Break] | None:
    if link.number > number:
        return number, Break.MISSING
    fits = link.number == number and _same(seal(key, link, before=before), mac)
    return None if fits else (number, Break.ALTERED)


def _end_broken(number: int, mac: str, head: Head | None) -> tuple[int, Break] | None:
    if head is None:
        return number + 1, Break.HEAD
    if head.rows == number and _same(head.mac, mac):
        return None
    return min(head.rows, number) + 1, Break.CUT


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _mac(key: bytes, use: str, *parts: object) -> str:
    # A JSON array in ASCII: no two lists of parts give the same text.
    text = json.dumps(["countenance/audit/1", use, *parts], separators=(",", ":"))
    return hmac.new(key, text.encode("ascii"), hashlib.sha256).hexdigest()


def _sealed(key: bytes, use: str, values: dict[str, object]) -> str:
    return json.dumps(values | {"seal": _mac(key, use, *values.values())})


def _opened(
    key: bytes, use: str, text: str | None, *, names: tuple[str, ...]
) -> dict[str, Any] | None:
    try:
        values = json.loads(text or "")
        given = str(values.pop("seal"))
        if tuple(values) != names:  # what is sealed is the values in their order
            return None
        return values if _same(_mac(key, use, *values.values()), given) else None
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
