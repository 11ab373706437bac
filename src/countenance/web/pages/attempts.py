"""Refused attempts with their exact reasons: one's own, and everybody's for whoever may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, render_template, request

from countenance.identity.interfaces import AuditEvent, UserId
from countenance.identity.permissions import Permission
from countenance.web import wording
from countenance.web.access import permission_required
from countenance.web.context import identity, session

ROWS = 25


def make_blueprint() -> Blueprint:
    """`/attempts` of everybody, `/account/attempts` for one's own."""
    pages = Blueprint("attempts", __name__)
    pages.add_url_rule("/attempts", "everybody", everybody)
    pages.add_url_rule("/account/attempts", "own", own)
    return pages


@permission_required(Permission.READ_ATTEMPTS)
def everybody() -> str:
    page = _page(None)
    return render_template("attempts.html", page=page, names=_names(page.events))


def own() -> str:
    return render_template("attempts.html", page=_page(session().user.id), names=None)


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page of events, newest first, and the ids from which its neighbours begin."""

    events: tuple[AuditEvent, ...]
    newer: int | None
    """Newer events follow after this id; None when there are none."""
    older: int | None
    """Older events come before this id; None when there are none."""
    is_newest: bool
    """Whether this is where the list begins."""


def _page(subject_id: UserId | None) -> EventPage:
    before, after = (request.args.get(name, type=_row_id) for name in ("before", "after"))
    events = identity().audit.list_events(
        subject_id=subject_id,
        tags=tuple(wording.ATTEMPTS),
        before_id=None if after is not None else before,
        after_id=after,
        limit=ROWS + 1,
    )
    return page_of(events, rows=ROWS, before=before, after=after)


def _row_id(text: str) -> int:
    """Raises: ValueError: no number that a row can have."""
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError(text)
    return number


def page_of(
    events: tuple[AuditEvent, ...], *, rows: int, before: int | None, after: int | None
) -> EventPage:
    """The page that was asked for, out of one event more than it holds."""
    has_more = len(events) > rows
    shown = events[-rows:] if after is not None else events[:rows]
    has_newer = has_more if after is not None else before is not None
    has_older = after is not None or has_more
    return EventPage(
        events=shown,
        newer=shown[0].id if shown and has_newer else None,
        older=shown[-1].id if shown and has_older else None,
        is_newest=before is None and after is None,
    )


def _names(events: tuple[AuditEvent, ...]) -> Mapping[UserId, str]:
    return identity().users.names({event.subject_id for event in events if event.subject_id})
