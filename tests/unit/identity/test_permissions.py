"""The matrix of roles and permissions, cell by cell, and what follows from it."""

from __future__ import annotations

import pytest

from countenance.cli.users import ROLE_NAMES
from countenance.identity.errors import NotPermittedError
from countenance.identity.permissions import (
    GOVERNED,
    MATRIX,
    Permission,
    Role,
    check_governs,
    governs,
    may,
    roles_with,
)
from tools import gen_roles_docs

# Written out a second time on purpose: a changed cell is a decision that somebody sees here.
PERMITTED = """
                     viewer  operator  officer  administrator  auditor
own_account          yes     yes       yes      yes            yes
use_apps             yes     yes       yes      yes            no
operate_station      no      yes       no       no             no
run_elections        no      no        yes      no             no
read_people          no      no        yes      yes            yes
manage_people        no      no        no       yes            no
assign_roles         no      no        no       yes            no
reset_credentials    no      no        no       yes            no
issue_login_codes    no      no        yes      yes            no
enrol_others         no      no        yes      yes            no
approve_enrolments   no      no        yes      yes            no
erase_faces          no      no        yes      yes            no
read_attempts        no      no        yes      yes            yes
read_audit           no      no        no       yes            yes
export_audit         no      no        no       no             yes
read_snapshots       no      no        no       yes            yes
use_lab              no      no        no       yes            no
manage_detector      no      no        no       yes            no
manage_keys          no      no        no       yes            no
manage_tokens        no      no        no       yes            no
see_metrics          no      no        no       yes            yes
"""
REACH = """
                     viewer  operator  officer  administrator  auditor
viewer               no      no        no       no             no
operator             no      no        no       no             no
officer              yes     yes       no       no             no
administrator        yes     yes       yes      yes            yes
auditor              no      no        no       no             no
"""
CHANGES_NOTHING = {
    Permission.OWN_ACCOUNT,
    Permission.READ_PEOPLE,
    Permission.READ_ATTEMPTS,
    Permission.READ_AUDIT,
    Permission.EXPORT_AUDIT,
    Permission.READ_SNAPSHOTS,
    Permission.SEE_METRICS,
}


def cells(table: str) -> dict[tuple[str, str], bool]:
    """Row name and column name to whether the cell says yes."""
    heading, *rows = [line.split() for line in table.strip().splitlines()]
    return {
        (row[0], column): cell == "yes"
        for row in rows
        for column, cell in zip(heading, row[1:], strict=True)
    }


def test_the_tables_name_every_permission_and_every_role_once() -> None:
    names = [line.split()[0] for line in PERMITTED.strip().splitlines()[1:]]
    assert names == list(Permission)
    assert set(MATRIX) == set(GOVERNED) == set(Role)
    assert {role for _, role in cells(PERMITTED)} == set(Role)


@pytest.mark.parametrize(("cell", "expected"), cells(PERMITTED).items(), ids=str)
def test_a_role_may_what_the_table_says(cell: tuple[str, str], expected: bool) -> None:
    permission, role = Permission(cell[0]), Role(cell[1])
    assert may(role, permission) is expected
    assert (role in roles_with(permission)) is expected


@pytest.mark.parametrize(("cell", "expected"), cells(REACH).items(), ids=str)
def test_a_role_reaches_the_accounts_that_the_table_says(
    cell: tuple[str, str], expected: bool
) -> None:
    role, other = Role(cell[0]), Role(cell[1])
    assert governs(role, other) is expected
    if expected:
        check_governs(role, other)
        return
    with pytest.raises(NotPermittedError, match=f"{role} may not act on an account of the role"):
        check_governs(role, other)


def test_an_auditor_can_change_nothing() -> None:
    assert MATRIX[Role.AUDITOR] <= CHANGES_NOTHING
    assert not GOVERNED[Role.AUDITOR]


def test_nobody_but_an_administrator_hands_out_what_others_hold() -> None:
    """Otherwise the role could be climbed: give a role, or take over an account that has it."""
    climbing = {Permission.ASSIGN_ROLES, Permission.MANAGE_PEOPLE, Permission.RESET_CREDENTIALS}
    for role in set(Role) - {Role.ADMINISTRATOR}:
        assert not MATRIX[role] & climbing
        assert all(MATRIX[other] < MATRIX[role] | {Permission.OPERATE_STATION}
                   for other in GOVERNED[role])  # fmt: skip


def test_whoever_gives_roles_does_not_run_what_they_open() -> None:
    assert not MATRIX[Role.ADMINISTRATOR] & {
        Permission.OPERATE_STATION,
        Permission.RUN_ELECTIONS,
        Permission.EXPORT_AUDIT,
    }


def test_the_reference_page_is_made_from_these_tables() -> None:
    assert gen_roles_docs.PAGE.read_text("utf-8") == gen_roles_docs.page()


@pytest.mark.parametrize("kind", [Role, Permission])
def test_every_role_and_permission_says_what_it_is(kind: type[Role | Permission]) -> None:
    assert gen_roles_docs.docstrings(kind).keys() == kind.__members__.keys()


def test_the_command_line_knows_every_role() -> None:
    assert set(ROLE_NAMES) == set(Role)
