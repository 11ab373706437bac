"""`countenance tokens`: what programs ask the API with."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import click

from countenance.cli.context import Session, json_option, pass_session
from countenance.cli.users import confirm, find_user

if TYPE_CHECKING:
    from countenance.identity.administration_interfaces import ApiToken
    from countenance.identity.interfaces import User

SCOPE_NAMES: Final = (
    "verify",
    "identify",
    "users:read",
    "users:write",
    "enrolments:read",
    "enrolments:write",
    "attempts:read",
    "audit:read",
)
"""As in `identity.api_scopes`, which is not imported for the sake of `--help`."""


@click.group()
def tokens() -> None:
    """List, make and revoke the tokens with which programs ask the API.

    \b
    Examples:
      countenance tokens make "Nightly import" --scope users:read --scope users:write
      countenance tokens list
    """


@tokens.command("list")
@json_option
@pass_session
def list_tokens(session: Session) -> None:
    """List tokens, newest first; those that work no more stay for a year.

    JSON keys: tokens (list of id name scopes maker works created_at expires_at last_used_at
    revoked_at).

    \b
    Examples:
      countenance tokens list
      countenance tokens list --json
    """
    found = session.container.identity.api_tokens.list_tokens()
    if session.wants_json:
        session.answer({"tokens": [_as_json(token) for token in found]})
        return
    if not found:
        click.echo("No token yet: countenance tokens make NAME --scope SCOPE")
        return
    session.console.print(_table(found))


@tokens.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPE_NAMES), multiple=True, required=True,
    metavar="SCOPE",
    help=f"What it may do, one of {', '.join(SCOPE_NAMES)}; give it once for each.",
)  # fmt: skip
@click.option(
    "--days", type=click.IntRange(1, 365), default=90, show_default=True,
    help="How long it is good.",
)  # fmt: skip
@click.option(
    "--maker", "maker_name", default="",
    help="Login name of the administrator for whom it acts; may be left out where there is one.",
)  # fmt: skip
@json_option
@pass_session
def make(session: Session, name: str, scopes: tuple[str, ...], days: int, maker_name: str) -> None:
    """Make a token called NAME after what uses it, and print it, once.

    It works while its maker is an enabled administrator.

    JSON keys: token id name scopes maker expires_at.

    \b
    Examples:
      countenance tokens make "Shop" --scope verify
      countenance tokens make "Import" --scope users:write --days 7 --maker ada --json
    """
    from countenance.identity.api_scopes import Scope

    maker = _maker(session, maker_name)
    token, text = session.container.identity.api_tokens.make(
        name=name,
        scopes=[Scope(scope) for scope in scopes],
        days=days,
        maker=maker.id,
        is_command_line=True,
    )
    if session.wants_json:
        told = _as_json(token)
        keys = ("id", "name", "scopes", "maker", "expires_at")
        session.answer({"token": text} | {key: told[key] for key in keys})
        return
    session.note(f"{token.name}, for {maker.name}, until {_day(token.expires_at)}. Shown once:")
    click.echo(text)


@tokens.command()
@click.argument("token_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def revoke(session: Session, token_id: str, yes: bool) -> None:
    """End the token ID at once; `countenance tokens list` tells the ids.

    \b
    Example: countenance tokens revoke k3v8qn2xw7pa
    """
    token = session.container.identity.api_tokens.get(token_id)
    confirm(f"Revoke {token.name}? Whatever uses it is refused from now on.", yes=yes)
    if session.container.identity.api_tokens.revoke(token.id, actor=None):
        click.echo(f"Revoked {token.name}.")
    else:
        click.echo(f"{token.name} was revoked before.")


def _maker(session: Session, name: str) -> User:
    """The administrator of that name, or the only one."""
    from countenance.identity.interfaces import Role, UserFilter, UserState

    if name:
        return find_user(session, name)
    only = UserFilter(role=Role.ADMINISTRATOR, state=UserState.ENABLED)
    found = session.container.identity.users.list_users(only, limit=2).users
    if len(found) != 1:
        count = "several administrators" if found else "no administrator"
        raise click.UsageError(f"There is {count}; name one with --maker.")
    return found[0]


def _table(found: tuple[ApiToken, ...]) -> object:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("ID", "NAME", "SCOPES", "MAKER", "LAST USED", "ENDS", "STATE"):
        table.add_column(heading, overflow="fold")
    for token in found:
        table.add_row(
            token.id,
            token.name,
            " ".join(sorted(token.scopes)),
            token.maker.name,
            _day(token.last_used_at),
            _day(token.revoked_at or token.expires_at),
            _state(token),
        )
    return table


def _state(token: ApiToken) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if token.is_expired:
        return "over"
    return "works" if token.is_good else "maker may not"


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _as_json(token: ApiToken) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "maker": token.maker.name,
        "works": token.is_good,
        "created_at": token.created_at.isoformat(),
        "expires_at": token.expires_at.isoformat(),
        "last_used_at": token.last_used_at.isoformat() if token.last_used_at else None,
        "revoked_at": token.revoked_at.isoformat() if token.revoked_at else None,
    }
