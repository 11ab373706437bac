"""What a token of the API may do: the one place where scopes get their permissions.

A token acts for the person who made it, so a scope reaches no further than the permissions of that
person's role: `NEEDS` says which ones each scope takes. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from countenance.identity.permissions import MATRIX, Permission, Role


class Scope(StrEnum):
    """One thing that a token may do; its docstring says what."""

    VERIFY = "verify"
    """Have somebody verified in front of a camera, in a page of another site, and read the
    verdict."""
    IDENTIFY = "identify"
    """Send a photograph and be told who it may show. Off unless the installation turns it on."""
    USERS_READ = "users:read"
    """List and read people: names, role, state, whether there is a face."""
    USERS_WRITE = "users:write"
    """Add, rename, enable, disable and remove people, and give them another role; never an
    administrator."""
    ENROLMENTS_READ = "enrolments:read"
    """Read whether somebody has a face, and whether one waits for approval."""
    ENROLMENTS_WRITE = "enrolments:write"
    """Enrol somebody from photographs, which a person has to approve, and erase faces."""
    ATTEMPTS_READ = "attempts:read"
    """Read granted and refused logins with their exact reasons."""
    AUDIT_READ = "audit:read"
    """Read the audit trail and have its chain checked."""


NEEDS: Final[Mapping[Scope, frozenset[Permission]]] = MappingProxyType(
    {
        Scope.VERIFY: frozenset({Permission.MANAGE_TOKENS}),
        Scope.IDENTIFY: frozenset({Permission.READ_PEOPLE}),
        Scope.USERS_READ: frozenset({Permission.READ_PEOPLE}),
        Scope.USERS_WRITE: frozenset({Permission.MANAGE_PEOPLE, Permission.ASSIGN_ROLES}),
        Scope.ENROLMENTS_READ: frozenset({Permission.READ_PEOPLE}),
        Scope.ENROLMENTS_WRITE: frozenset({Permission.ENROL_OTHERS, Permission.ERASE_FACES}),
        Scope.ATTEMPTS_READ: frozenset({Permission.READ_ATTEMPTS}),
        Scope.AUDIT_READ: frozenset({Permission.READ_AUDIT}),
    }
)
"""Which permissions the maker of a token needs for each scope, when it is made and used."""

WORDS: Final[Mapping[Scope, str]] = MappingProxyType(
    {
        Scope.VERIFY: "Have somebody verified before a camera, in another page",
        Scope.IDENTIFY: "Ask who a photograph shows, where that is turned on",
        Scope.USERS_READ: "List and read people",
        Scope.USERS_WRITE: "Add, change and remove people who are no administrators",
        Scope.ENROLMENTS_READ: "Read whether somebody has a face",
        Scope.ENROLMENTS_WRITE: "Enrol from photographs, to be approved by a person; erase faces",
        Scope.ATTEMPTS_READ: "Read granted and refused logins, with reasons",
        Scope.AUDIT_READ: "Read and check the audit trail",
    }
)
"""What each scope permits, for pages and the OpenAPI document."""


def scopes_within(role: Role, wanted: Iterable[Scope]) -> frozenset[Scope]:
    """Those of the scopes for which that role has every permission."""
    return frozenset(scope for scope in wanted if NEEDS[scope] <= MATRIX[role])
