"""How an app stands behind the door: one `App` object per entry point of `countenance.apps`.

    [project.entry-points."countenance.apps"]
    console = "countenance_console:app"

Every page of an app asks for a session whose role has the app's permission and is one of its
`roles`; it need not check again. An app made before there were permissions names roles alone and
opens as it did, but for auditors, who use no app.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Final

from countenance.errors import ConfigurationError
from countenance.identity.interfaces import Role
from countenance.identity.permissions import Permission, roles_with

if TYPE_CHECKING:
    from flask import Blueprint

GROUP: Final = "countenance.apps"
_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{1,30}")


@dataclass(frozen=True, slots=True)
class App:
    """One app behind the door."""

    title: str
    """On its tile, two words at most."""
    slug: str
    """Its pages lie below /apps/<slug>/; lower case letters, digits and dashes."""
    summary: str
    """One line below the title."""
    blueprint: Callable[[], Blueprint]
    """Makes its pages; called once at start. Its `url_prefix` is replaced."""
    roles: frozenset[Role] = frozenset(Role)
    """Narrows down who sees the tile and opens the pages; all roles narrow nothing."""
    icon: str = ""
    """SVG path data on a 24 x 24 grid, drawn as a line of 1.75; empty for the product's sign."""

    permission: Permission = Permission.USE_APPS
    """What a role must be permitted, see `identity.permissions`; such as `OPERATE_STATION`."""

    @property
    def opens_for(self) -> frozenset[Role]:
        """The roles that see the tile and open the pages."""
        return self.roles & roles_with(self.permission)

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.slug):
            raise ValueError(f"{self.slug!r} is no slug: lower case letters, digits, dashes")


class AppError(ConfigurationError):
    """An installed app cannot be opened."""

    code = "configuration.app"


def find_apps(points: Iterable[EntryPoint] | None = None) -> tuple[App, ...]:
    """The installed apps, by title.

    Args:
        points: entry points to load; None takes those of the group `countenance.apps`.

    Raises: AppError: one does not load, is no `App`, or two have one slug.
    """
    found = entry_points(group=GROUP) if points is None else points
    apps = sorted((_load(point) for point in found), key=lambda app: app.title)
    slugs = [app.slug for app in apps]
    if repeated := {slug for slug in slugs if slugs.count(slug) > 1}:
        raise AppError(
            f"Two installed apps have the slug {min(repeated)!r}.", remedy="Uninstall one of them."
        )
    return tuple(apps)


def _load(point: EntryPoint) -> App:
    remedy = "Update or uninstall the package that brings it."
    try:
        app = point.load()
    except Exception as error:  # a plug-in may fail in any way
        raise AppError(f"The app {point.name!r} does not load: {error}.", remedy=remedy) from error
    if not isinstance(app, App):
        raise AppError(f"The app {point.name!r} is not an `App`.", remedy=remedy)
    return app
