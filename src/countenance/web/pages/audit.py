"""The audit trail, for those who may read it: filtered, in pages, with the state of its chain."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime, timedelta
from typing import Final

from flask import Blueprint, Response, redirect, render_template, request, url_for

from countenance.identity.api_token_rows import ACTOR_PREFIX
from countenance.identity.audit_chain import Link, Report
from countenance.identity.audit_files import write_trail
from countenance.identity.audit_trail import TrailFilter
from countenance.identity.errors import TokenNotFoundError, UserNotFoundError
from countenance.identity.interfaces import UserId
from countenance.identity.permissions import Permission
from countenance.web.access import limited, permission_required
from countenance.web.context import identity, session, web
from countenance.web.pages.auth import Answer

ROWS: Final = 50
CHECK_RATE: Final = "6 per minute"
KINDS: Final = {
    "user:login": "Logins and ways in",
    "user:password": "Passwords",
    "user:face": "Faces",
    "user:account": "Accounts",
    "user:role": "Roles",
    "user:session": "Sessions",
    "user:device": "Devices",
    "user:step-up": "Confirmed acts",
    "lab:": "Lab",
    "system:token": "Tokens of the API",
    "system:": "This installation",
}
"""Beginning of a tag to what it is called in the list."""


class LastCheck:
    """The newest verification by this process; a whole walk is too much for each page."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.report: Report | None = None
        self.at: datetime | None = None

    def run(self) -> None:
        """Walk the chain; whoever asks meanwhile waits and takes the same answer."""
        asked = web().container.clock.now()
        with self._lock:
            if self.at is None or self.at < asked:
                self.report = identity().trail.verify()
                self.at = web().container.clock.now()


def make_blueprint() -> Blueprint:
    """`/audit`, its check and its file."""
    pages = Blueprint("audit", __name__, url_prefix="/audit")
    last = LastCheck()

    @permission_required(Permission.READ_AUDIT)
    def trail() -> str:
        return _trail(last)

    @permission_required(Permission.READ_AUDIT)
    @limited(CHECK_RATE)
    def check() -> Answer:
        last.run()
        return redirect(url_for("audit.trail"))

    pages.add_url_rule("", "trail", trail)
    pages.add_url_rule("/check", "check", check, methods=["POST"])
    pages.add_url_rule("/export", "export", export, methods=["POST"])
    return pages


def _trail(last: LastCheck) -> str:
    query = {name: request.args.get(name, "").strip()[:100] for name in _FIELDS}
    before = request.args.get("before", type=int)
    wanted = _wanted(query)
    rows = identity().trail.page(wanted, before=before, limit=ROWS + 1) if wanted else ()
    shown = rows[:ROWS]
    return render_template(
        "audit.html",
        rows=[(row, json.loads(row.details)) for row in shown],
        names=_names(shown),
        query={name: value for name, value in query.items() if value},
        kinds=KINDS,
        older=shown[-1].number if len(rows) > ROWS else None,
        is_newest=before is None,
        report=last.report,
        checked_at=last.at,
    )


_FIELDS: Final = ("kind", "name", "since", "until")


def _wanted(query: dict[str, str]) -> TrailFilter | None:
    """The filter of the form; None when it names somebody who is not there."""
    user_id = None
    if query["name"]:
        found = identity().users.find(query["name"])
        if found is None:
            return None
        user_id = found.id
    until = _day(query["until"])
    return TrailFilter(
        tag=query["kind"] if query["kind"] in KINDS else "",
        user_id=user_id,
        since=_day(query["since"]),
        until=until + timedelta(days=1) if until else None,
    )


def _day(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if 1 < day.year < 9999 else None


def _names(rows: tuple[Link, ...]) -> dict[str, str]:
    ids = {part for row in rows for part in (row.subject_id, row.actor_id) if part}
    return {user_id: name for user_id in ids if (name := _name(user_id))}


def _name(user_id: str) -> str:
    """Of a person, or of a token of the API; empty when it is gone."""
    if user_id.startswith(ACTOR_PREFIX):
        return _token_name(user_id.removeprefix(ACTOR_PREFIX))
    try:
        return identity().users.get(UserId(user_id)).name
    except UserNotFoundError:
        return ""


def _token_name(token_id: str) -> str:
    try:
        return identity().api_tokens.get(token_id).name
    except TokenNotFoundError:
        return ""


@permission_required(Permission.EXPORT_AUDIT)
def export() -> Response:
    """The rows of the filter as a file; that it was taken is a row itself."""
    query = {name: request.form.get(name, "").strip()[:100] for name in _FIELDS}
    kind = "csv" if request.form.get("format") == "csv" else "jsonl"
    wanted = _wanted(query)
    rows = identity().trail.export(wanted, kind=kind, actor=session().user.id) if wanted else ()
    day = f"{web().container.clock.now():%Y-%m-%d}"
    return Response(
        write_trail(rows, kind=kind),
        mimetype="text/csv" if kind == "csv" else "application/x-ndjson",
        headers={"Content-Disposition": f"attachment; filename=audit-{day}.{kind}"},
    )
