"""Lists of users that stay fast with thousands: filters, counts, and pages by name.

A page begins where the last one ended, at a login name (keyset pagination): the index of names
leads there at once, where an offset would walk over everybody before. The counts look at every
user that fits; one look at a narrow index each, see docs/reference/benchmarks.md.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, func, select, true
from sqlalchemy.orm import Session as DbSession

from countenance.identity.interfaces import FaceState, UserFilter, UserPage, UserState
from countenance.identity.models import TemplateRow, UserRow
from countenance.identity.names import fold
from countenance.identity.passwords import NO_PASSWORD
from countenance.identity.pending_face_rows import PendingFaceRow
from countenance.identity.store import as_user, select_users


def user_page(
    session: DbSession, fits: UserFilter, *, after: str | None, before: str | None, limit: int
) -> UserPage:
    """One page of `interfaces.Users.list_users`."""
    conditions = _conditions(fits)
    is_backward = before is not None and after is None
    page = select_users().where(*conditions).limit(limit + 1)
    page = page.order_by(UserRow.name.desc() if is_backward else UserRow.name)
    if after is not None:
        page = page.where(UserRow.name > _clean(after))
    elif before is not None:
        page = page.where(UserRow.name < _clean(before))
    found = [as_user(*record) for record in session.execute(page)]
    has_more, shown = len(found) > limit, found[:limit]
    total, enrolled = _counts(session, conditions)
    return UserPage(
        users=tuple(reversed(shown) if is_backward else shown),
        total=total,
        enrolled=enrolled,
        has_before=has_more if is_backward else after is not None,
        has_after=is_backward or has_more,
    )


def _counts(session: DbSession, conditions: list[ColumnElement[bool]]) -> tuple[int, int]:
    """How many fit, and how many of them have a face."""
    of_users = select(func.count()).select_from(UserRow).where(*conditions)
    total = session.scalars(of_users).one()
    enrolled = session.scalars(of_users.where(_has_face())).one()
    return total, enrolled


def _has_face() -> ColumnElement[bool]:
    # Correlated by name: a page joins the templates itself.
    return exists().where(TemplateRow.user_id == UserRow.id).correlate(UserRow)


def _conditions(fits: UserFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted := fold(_clean(fits.search).strip()):
        found.append(UserRow.search_text.contains(wanted, autoescape=True))
    if fits.role is not None:
        found.append(UserRow.role == fits.role.value)
    if fits.state is not None:
        found += _state(fits.state)
    if fits.face is not None:
        found.append(_face(fits.face, pack=fits.pack))
    return found


def _state(state: UserState) -> list[ColumnElement[bool]]:
    if state is UserState.DISABLED:
        return [UserRow.is_enabled.is_(False)]
    has_password = UserRow.password_hash != NO_PASSWORD
    wanted = has_password if state is UserState.ENABLED else ~has_password
    return [UserRow.is_enabled.is_(True), wanted]


def _face(state: FaceState, *, pack: str) -> ColumnElement[bool]:
    if state is FaceState.PENDING:
        return UserRow.id.in_(select(PendingFaceRow.user_id))
    if state is FaceState.NONE:
        return ~_has_face()
    is_of_pack = TemplateRow.pack == pack if pack else true()
    wanted = is_of_pack if state is FaceState.ENROLLED else ~is_of_pack
    return UserRow.id.in_(select(TemplateRow.user_id).where(wanted))


def _clean(text: str) -> str:
    """Without what a database would choke on."""
    return "".join(c for c in text if c.isprintable())
