"""The chain of the audit trail: what is sealed, and how a break is found. Pure.

Each row carries an HMAC over its content, its number and the HMAC of the row before it. The head,
kept apart from the rows, seals how many there are and the last HMAC. An anchor says the same of a
moment, and is kept where the database's owner cannot reach it.
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
class Head:
    """Where the chain ends."""

    rows: int
    mac: str
    """Of the last row; `GENESIS` before the first."""
    since: datetime
    """When the chain began. Rows from before were sealed as they stood then."""


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
    return _sealed(key, "head", {"rows": head.rows, "mac": head.mac, "since": _moment(head.since)})


def read_head(key: bytes, text: str | None) -> Head | None:
    """The head, or None when there is none or it was not sealed with this key."""
    found = _opened(key, "head", text)
    if found is None:
        return None
    return Head(found["rows"], found["mac"], datetime.fromisoformat(found["since"]))


def write_anchor(key: bytes, anchor: Anchor) -> str:
    """The anchor as one line of text, sealed."""
    return _sealed(
        key, "anchor", {"rows": anchor.rows, "mac": anchor.mac, "at": _moment(anchor.at)}
    )


def read_anchor(key: bytes, text: str) -> Anchor | None:
    """The anchor, or None when it was not sealed with this key."""
    found = _opened(key, "anchor", text)
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
    """Whether the chain leads without a break from the first row through all anchors to the head.

    Args:
        rows: all that are in the chain with their HMACs, by number.
        head: None when it could not be read.
        unsealed: rows outside of the chain.
        anchors: None for one that could not be read.
    """
    wanted = list(anchors)
    places = {anchor.rows: anchor.mac for anchor in wanted if anchor is not None}
    number, before = 0, GENESIS
    broken: tuple[int, Break] | None = None
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
    since = head.since if head else None
    total = number + unsealed
    return Report(total, None, None, since) if broken is None else Report(total, *broken, since)


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


def _opened(key: bytes, use: str, text: str | None) -> dict[str, Any] | None:
    try:
        values = json.loads(text or "")
        given = str(values.pop("seal"))
        return values if _same(_mac(key, use, *values.values()), given) else None
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
