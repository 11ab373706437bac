"""Write docs/reference/roles.md from the tables of `countenance.identity.permissions`.

`python -m tools.gen_roles_docs` writes the page; with `--check` it exits 1 when the page is not
what it would write.
"""

from __future__ import annotations

import ast
import itertools
import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path

from countenance.identity import permissions
from countenance.identity.permissions import Permission, Role, governs, may

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "roles.md"
INTRODUCTION = """# Roles

Generated from `countenance.identity.permissions` by `tools/gen_roles_docs.py`; do not edit.

Everybody has one role.
`countenance users role NAME ROLE` gives another, and so does **Change role** on a person's page.
Nobody changes the own role, and the last enabled administrator stays one.
A change ends all sessions of the person at once.
Whoever has the command line of the server stands above all roles.
"""
DUTIES = """
A role has what its work needs and no more, and no role holds both ends of a safeguard:
whoever gives out roles does not run what they open, whoever runs elections gives out none,
and whoever reads the trail changes nothing in it.
In a small installation one person may need two roles: make two accounts, so that the trail tells
in which role something was done.
"""
APPS = """
## Apps

An installed app opens for roles with the permission that it names (`use_apps` if it names none),
narrowed down to the roles that it lists.
An app that lists roles and names no permission opens as it did before there were permissions,
but for auditors.
"""


def page() -> str:
    """The content of the page."""
    roles = _told("Role", "What it is for", Role)
    meanings = _told("Permission", "What it permits, and why it is apart", Permission)
    reach = _grid("Role", Role, lambda row, column: governs(Role(row), column))
    matrix = _grid("Permission", Permission, lambda row, column: may(column, Permission(row)))
    return "\n".join(
        [
            *(INTRODUCTION, roles, DUTIES, "## What a role may do", "", matrix, "", meanings, ""),
            *("## On whose accounts", "", "A role uses what it may do to others on accounts of:"),
            *("", reach, APPS),
        ]
    ).replace("\n\n\n", "\n\n")


def _told(name: str, meaning: str, kind: type[StrEnum]) -> str:
    lines = [f"| {name} | {meaning} |", "|---|---|"]
    meanings = docstrings(kind)
    return "\n".join([*lines, *(f"| **{item}** | {meanings[item.name]} |" for item in kind)])


def _grid(name: str, rows: Iterable[StrEnum], holds: Callable[[str, Role], bool]) -> str:
    lines = [f"| {name} | {' | '.join(Role)} |", "|---" + "|:-:" * len(Role) + "|"]
    for row in rows:
        cells = ("yes" if holds(row, column) else "·" for column in Role)
        lines.append(f"| `{row}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def docstrings(kind: type[StrEnum]) -> dict[str, str]:
    """Name of a member to the string below it, on one line."""
    tree = ast.parse(Path(permissions.__file__).read_text("utf-8"))
    body = next(
        n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == kind.__name__
    )
    found: dict[str, str] = {}
    for member, below in itertools.pairwise(body):
        if isinstance(member, ast.Assign) and isinstance(below, ast.Expr):
            name, text = member.targets[0], below.value
            assert isinstance(name, ast.Name)
            assert isinstance(text, ast.Constant)
            found[name.id] = " ".join(str(text.value).split())
    return found


def run(arguments: list[str]) -> int:
    """Write or check the page; returns the exit status."""
    if "--check" in arguments:
        return int(PAGE.read_text("utf-8") != page())
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
