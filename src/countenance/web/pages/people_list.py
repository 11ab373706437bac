"""The list of people, narrowed down by the filter of its address."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, TypeVar

from flask import redirect, render_template, request, url_for

from countenance.identity.interfaces import FaceState, Role, UserFilter, UserState
from countenance.identity.permissions import Permission
from countenance.web.access import permission_required
from countenance.web.context import identity, session, web
from countenance.web.pages.auth import Answer

ROWS: Final = 25
Choice = TypeVar("Choice", bound=StrEnum)


@permission_required(Permission.READ_PEOPLE)
def people() -> Answer:
    fits = _asked_filter()
    after, before = request.args.get("after"), request.args.get("before")
    found = identity().users.list_users(fits, after=after, before=before, limit=ROWS)
    if not found.users and found.total and (after or before):
        return redirect(url_for("people.people", **_query(fits)))  # whoever was there is gone
    return render_template(
        "people.html",
        found=found,
        fits=fits,
        query=_query(fits),
        pack=web().recognition.pack,
        waiting=_waiting(),
        pending=identity().pending_faces.among([user.id for user in found.users]),
    )


def _asked_filter() -> UserFilter:
    """The filter of the address; what it does not know it leaves out."""
    asked = request.args
    return UserFilter(
        search=asked.get("search", "").strip()[:100],
        role=member(Role, asked.get("role", "")),
        state=member(UserState, asked.get("state", "")),
        face=member(FaceState, asked.get("face", "")),
        pack=web().recognition.pack,
    )


def member(kind: type[Choice], text: str) -> Choice | None:
    """The member of that value, or None."""
    return kind(text) if text in set(kind) else None


def _query(fits: UserFilter) -> dict[str, Any]:
    """The filter as the address of a page carries it."""
    asked = {"search": fits.search, "role": fits.role, "state": fits.state, "face": fits.face}
    return {name: value for name, value in asked.items() if value}


def _waiting() -> int:
    """How many faces wait for a second person, for whoever may be that person."""
    if not session().user.may(Permission.APPROVE_ENROLMENTS):
        return 0
    return identity().users.list_users(UserFilter(face=FaceState.PENDING), limit=1).total
