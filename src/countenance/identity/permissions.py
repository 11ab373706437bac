"""Who may do what: the one place where roles get their permissions.

Two tables, both written out so that they can be read and tested cell by cell. `MATRIX` says what a
role may do; `GOVERNED` says on whose accounts it may do it. A role has no more than its work needs
(least privilege), and no role holds both ends of a safeguard (separation of duties, NIST SP
800-53 AC-5): whoever gives out roles does not run what they open, whoever runs elections gives out
none, and whoever reads the trail changes nothing that stands in it.

Pure: no storage, no request. Pages ask through `web.access`, services through `check_governs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from countenance.identity.errors import NotPermittedError


class Role(StrEnum):
    """What a person is here; everybody has exactly one."""

    VIEWER = "viewer"
    """Somebody who comes through the door: the own account, and apps that ask for no more."""
    OPERATOR = "operator"
    """Works at the station; has no say over people."""
    OFFICER = "officer"
    """Looks after elections and the people of the station: their faces and ways in, not their
    roles and not their passwords, so that an officer alone can enter as nobody."""
    ADMINISTRATOR = "administrator"
    """Manages people and this installation; neither operates the station nor runs elections."""
    AUDITOR = "auditor"
    """Reads what happened and changes nothing."""


class Permission(StrEnum):
    """One thing that a person may do; its docstring says what it permits and why it is apart."""

    OWN_ACCOUNT = "own_account"
    """Log in, see the own account, change the own password, face and factors. Everybody's."""
    USE_APPS = "use_apps"
    """Open installed apps that ask for nothing more. Apart, since apps may change things and an
    auditor must not."""
    OPERATE_STATION = "operate_station"
    """Give commands to the station. Not the administrator's: who opens the door to a plant does
    not drive it."""
    RUN_ELECTIONS = "run_elections"
    """Open, close and count elections. Not the administrator's, who could add voters."""

    READ_PEOPLE = "read_people"
    """See the list of people, their roles, whether they have a face and when they came last."""
    MANAGE_PEOPLE = "manage_people"
    """Add, invite, disable, enable and remove people."""
    ASSIGN_ROLES = "assign_roles"
    """Give somebody else another role. Apart from managing people, because it hands out power;
    nobody changes the own role."""
    RESET_CREDENTIALS = "reset_credentials"
    """Make somebody choose a new password, and drop their second factors. Apart from enrolling, so
    that an officer never holds both the password and the face of somebody."""
    ISSUE_LOGIN_CODES = "issue_login_codes"
    """Give a one-time code that stands in for the face once, where the password is still needed,
    and let somebody try again at once whom wrong tries slowed down."""
    ENROL_OTHERS = "enrol_others"
    """Enrol the face of somebody else at the own camera. It counts only after another person
    with `APPROVE_ENROLMENTS`, or its owner, has agreed."""
    APPROVE_ENROLMENTS = "approve_enrolments"
    """Agree to, or reject, a face that another person enrolled for somebody. Never the own face
    nor one that one enrolled oneself."""
    ERASE_FACES = "erase_faces"
    """Erase the face of somebody else, so that it has to be enrolled anew."""

    READ_ATTEMPTS = "read_attempts"
    """See everybody's refused attempts with the exact reason, which the door does not tell."""
    READ_AUDIT = "read_audit"
    """Read the audit trail."""
    EXPORT_AUDIT = "export_audit"
    """Take the audit trail out as a file. Not the administrator's, whom it judges."""
    READ_SNAPSHOTS = "read_snapshots"
    """See pictures kept of refused attempts. Apart, because they show people's faces; each look
    is audited."""

    USE_LAB = "use_lab"
    """Open the lab: collect presentations, train and measure detectors. Apart, because its data
    are faces."""
    MANAGE_DETECTOR = "manage_detector"
    """Put another detector of attacks into service, or the shipped one back. Decides what a login
    takes for a live face."""
    MANAGE_KEYS = "manage_keys"
    """Rotate keys, make and restore backups. Whoever holds both a backup and its key can read
    templates."""
    MANAGE_TOKENS = "manage_tokens"
    """Make and revoke tokens of the API, which act without a person in front of a camera."""
    SEE_METRICS = "see_metrics"
    """See counts and times of the running server; they name nobody."""


_EVERYBODY: Final = frozenset({Permission.OWN_ACCOUNT})
_AT_THE_DOOR: Final = _EVERYBODY | {Permission.USE_APPS}

MATRIX: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.VIEWER: _AT_THE_DOOR,
        Role.OPERATOR: _AT_THE_DOOR | {Permission.OPERATE_STATION},
        Role.OFFICER: _AT_THE_DOOR
        | {
            Permission.RUN_ELECTIONS,
            Permission.READ_PEOPLE,
            Permission.ISSUE_LOGIN_CODES,
            Permission.ENROL_OTHERS,
            Permission.APPROVE_ENROLMENTS,
            Permission.ERASE_FACES,
            Permission.READ_ATTEMPTS,
        },
        Role.ADMINISTRATOR: _AT_THE_DOOR
        | {
            Permission.READ_PEOPLE,
            Permission.MANAGE_PEOPLE,
            Permission.ASSIGN_ROLES,
            Permission.RESET_CREDENTIALS,
            Permission.ISSUE_LOGIN_CODES,
            Permission.ENROL_OTHERS,
            Permission.APPROVE_ENROLMENTS,
            Permission.ERASE_FACES,
            Permission.READ_ATTEMPTS,
            Permission.READ_AUDIT,
            Permission.READ_SNAPSHOTS,
            Permission.USE_LAB,
            Permission.MANAGE_DETECTOR,
            Permission.MANAGE_KEYS,
            Permission.MANAGE_TOKENS,
            Permission.SEE_METRICS,
        },
        Role.AUDITOR: _EVERYBODY
        | {
            Permission.READ_PEOPLE,
            Permission.READ_ATTEMPTS,
            Permission.READ_AUDIT,
            Permission.EXPORT_AUDIT,
            Permission.READ_SNAPSHOTS,
            Permission.SEE_METRICS,
        },
    }
)
"""What each role may do."""

GOVERNED: Final[Mapping[Role, frozenset[Role]]] = MappingProxyType(
    {
        Role.VIEWER: frozenset(),
        Role.OPERATOR: frozenset(),
        # Not other officers, auditors or administrators: nobody reaches above the own station.
        Role.OFFICER: frozenset({Role.VIEWER, Role.OPERATOR}),
        Role.ADMINISTRATOR: frozenset(Role),
        Role.AUDITOR: frozenset(),
    }
)
"""On the accounts of which roles each role may use what it may do to others."""


def may(role: Role, permission: Permission) -> bool:
    """Whether that role has that permission."""
    return permission in MATRIX[role]


def roles_with(permission: Permission) -> frozenset[Role]:
    """Every role that has that permission."""
    return frozenset(role for role, given in MATRIX.items() if permission in given)


def governs(role: Role, other: Role) -> bool:
    """Whether that role may act on accounts of the other."""
    return other in GOVERNED[role]


def check_governs(role: Role, other: Role) -> None:
    """Raises: NotPermittedError: that role may not act on accounts of the other."""
    if not governs(role, other):
        raise NotPermittedError(
            f"The role {role} may not act on an account of the role {other}.",
            remedy="Ask an administrator.",
        )
