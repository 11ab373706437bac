"""Refused attempts with their exact reasons: one's own, and everybody's for whoever may."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from countenance.identity.errors import UserNotFoundError
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
    page = page_number()
    events = _events(None, page=page)
    return render_template(
        "attempts.html", events=events[:ROWS], names=_names(events), **_pages(events, page)
    )


def own() -> str:
    page = page_number()
    events = _events(session().user.id, page=page)
    return render_template(
        "attempts.html", events=events[:ROWS], names=None, **_pages(events, page)
    )


def page_number() -> int:
    """The page that was asked for, from 1."""
    return max(1, min(100_000, request.args.get("page", 1, type=int)))


def _events(subject_id: UserId | None, *, page: int) -> tuple[AuditEvent, ...]:
    return identity().audit.list_events(
        subject_id=subject_id,
        tags=tuple(wording.ATTEMPTS),
        offset=(page - 1) * ROWS,
        limit=ROWS + 1,
    )


def _pages(events: tuple[AuditEvent, ...], page: int) -> dict[str, int | None]:
    return {
        "page": page,
        "newer": page - 1 if page > 1 else None,
        "older": page + 1 if len(events) > ROWS else None,
    }


def _names(events: tuple[AuditEvent, ...]) -> dict[UserId, str]:
    subjects = {event.subject_id for event in events if event.subject_id}
    return {user_id: _name(user_id) for user_id in subjects}


def _name(user_id: UserId) -> str:
    try:
        return identity().users.get(user_id).display_name
    except UserNotFoundError:
        return "removed"
