"""How a page asks for a fresh sign of its user before an act that matters.

Logging in is not enough for everything. A page marked with `fresh_required` opens only after the
user has confirmed this one act, by face, passkey or authenticator app as the policy says, within
the last two minutes; sending its form uses the confirmation up.

    @fresh_required("station.write", title="Write to the station", parameters=("tag", "value"))
    def write() -> str:
        ...

A page that decides by itself asks `assurance()`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from flask import current_app

from countenance.identity.acts import Act

if TYPE_CHECKING:
    from flask import Response

EXTENSION: Final = "countenance-assurance"
_MARK: Final = "countenance_fresh"
View = TypeVar("View", bound=Callable[..., Any])


class Assurance(Protocol):
    """Confirmations of acts in the session of the present request.

    Every method may raise `StorageError` when the database is away; then nothing is confirmed.
    """

    def is_ready(self, act: Act) -> bool:
        """Whether the user has confirmed this act and `redeem` would succeed; changes nothing."""

    def redeem(self, act: Act) -> bool:
        """Use the confirmation of this act up; do the act only when this is True.

        False when there is none, or it is used, too old, or of another act, session or user.
        """

    def begin(self, act: Act, *, title: str, back: str) -> Response:
        """Send the browser to confirm the act.

        Args:
            title: what the user is told, such as "Write to the station".
            back: path to return to; a GET, for the act itself is a POST from that page.
        """


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a marked page asks for."""

    act: str
    title: str
    parameters: tuple[str, ...]
    """Names of route, query and form values that belong to the act."""


def assurance() -> Assurance:
    """Of the present request; only for pages that ask for a session."""
    return cast(Assurance, current_app.extensions[EXTENSION])


def fresh_required(
    act: str, *, title: str, parameters: tuple[str, ...] = ()
) -> Callable[[View], View]:
    """Mark a page that needs a fresh confirmation.

    A GET opens with a confirmation and leaves it; any other method uses it up. Values that the
    form may still change must not be named as parameters, all others that say what is acted on
    must.

    Args:
        act: see `Act.name`.
        title: what the user is told that they confirm.
        parameters: names of values of the route, the query or the form that are part of the act.
    """
    Act(act)  # a wrong name fails at the start, not at the door

    def mark(view: View) -> View:
        vars(view)[_MARK] = Fresh(act, title, parameters)
        return view

    return mark


def freshness_of(view: Callable[..., Any]) -> Fresh | None:
    """What a page marked by `fresh_required` asks for; None for another one."""
    return vars(view).get(_MARK)
