"""Tokens of the API: what holds on every database."""

from __future__ import annotations

import pytest

from countenance.biometrics.templates import Template
from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.api_scopes import NEEDS, WORDS, Scope, scopes_within
from countenance.identity.api_tokens import MAX_DAYS
from countenance.identity.audit import acting_as
from countenance.identity.audit_trail import TrailFilter
from countenance.identity.errors import (
    NotPermittedError,
    OwnApprovalError,
    TokenNotFoundError,
    UnfitTokenError,
)
from countenance.identity.interfaces import Role, User
from countenance.identity.permissions import may
from countenance.identity.services import Identity
from countenance.settings import Settings
from tests.contract.support import PASSWORD, add_viewer, all_rows, outcomes

DAY_S = 24 * 3600


def made(identity: Identity, maker: User, *scopes: Scope, days: int = 90) -> tuple[str, str]:
    """Id and text."""
    token, text = identity.api_tokens.make(
        name="Nightly  sync", scopes=scopes or [Scope.USERS_READ], days=days, maker=maker.id
    )
    return token.id, text


def another_administrator(identity: Identity) -> User:
    return identity.users.add(
        name="sally", display_name="Sally Ride", password=PASSWORD, role=Role.ADMINISTRATOR,
        actor=None,
    )  # fmt: skip


def test_a_token_is_found_by_its_text_and_says_what_it_may(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    token, text = identity.api_tokens.make(
        name=" Nightly  sync ", scopes=[Scope.AUDIT_READ, Scope.VERIFY], days=30, maker=admin.id
    )
    found = identity.api_tokens.find(text)
    assert found is not None
    assert (found.id, found.name, found.maker.id) == (token.id, "Nightly sync", admin.id)
    assert found.scopes == found.usable_scopes == {Scope.AUDIT_READ, Scope.VERIFY}
    assert (found.expires_at - found.created_at).days == 30
    assert found.last_used_at is None
    assert identity.api_tokens.get(token.id).last_used_at == clock.now()
    assert text.startswith(f"cnt_{token.id}_")
    assert len(text.split("_", 2)[2]) >= 43, "256 bits"


def test_the_secret_is_stored_nowhere(identity: Identity, admin: User, settings: Settings) -> None:
    _, text = made(identity, admin)
    identity.api_tokens.find(text)
    secret = text.split("_", 2)[2]
    assert not [row for _, row in all_rows(settings.database_url) if secret in row]


def test_every_changed_character_is_another_token(identity: Identity, admin: User) -> None:
    _, text = made(identity, admin)
    for place in range(len(text)):
        other = "A" if text[place] != "A" else "B"
        assert identity.api_tokens.find(text[:place] + other + text[place + 1 :]) is None, place


@pytest.mark.parametrize(
    "text", ["", "_", "__", "cnt", "cnt__", "cnt_" + "a" * 12 + "_", "\0", "cnt_\0_\0", "\ud800"]
)
def test_text_that_is_no_token_is_none(identity: Identity, admin: User, text: str) -> None:
    made(identity, admin)
    assert identity.api_tokens.find(text) is None


def test_a_token_ends_by_itself(identity: Identity, admin: User, clock: ManualClock) -> None:
    token_id, text = made(identity, admin, days=2)
    clock.advance(2 * DAY_S - 1)
    assert identity.api_tokens.find(text) is not None
    clock.advance(1)
    assert identity.api_tokens.find(text) is None
    assert identity.api_tokens.get(token_id).is_expired


def test_a_token_from_the_future_is_no_good(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    clock.advance(3600)
    _, text = made(identity, admin)
    clock.advance(-120)  # the machine's clock was set back
    assert identity.api_tokens.find(text) is None


def test_use_is_noted_a_minute_coarse(identity: Identity, admin: User, clock: ManualClock) -> None:
    token_id, text = made(identity, admin)
    identity.api_tokens.find(text)
    first = identity.api_tokens.get(token_id).last_used_at
    clock.advance(59)
    identity.api_tokens.find(text)
    assert identity.api_tokens.get(token_id).last_used_at == first
    clock.advance(1)
    identity.api_tokens.find(text)
    assert identity.api_tokens.get(token_id).last_used_at == clock.now()


def test_a_revoked_token_is_dead_at_once_and_the_trail_tells(
    identity: Identity, admin: User
) -> None:
    token_id, text = made(identity, admin)
    other = another_administrator(identity)
    assert identity.api_tokens.revoke(token_id, actor=other.id)
    assert identity.api_tokens.find(text) is None
    assert not identity.api_tokens.revoke(token_id, actor=other.id)
    tags = (Tag.TOKEN_MADE, Tag.TOKEN_REVOKED)
    rows = list(reversed(identity.audit.list_events(tags=tags)))
    assert [(row.tag, row.subject_id, row.actor_id) for row in rows] == [
        (Tag.TOKEN_MADE, admin.id, admin.id),
        (Tag.TOKEN_REVOKED, admin.id, other.id),
    ]
    assert {row.details["token"] for row in rows} == {token_id}
    assert rows[0].details["scopes"] == "users:read"
    assert not any(text.split("_", 2)[2] in str(dict(row.details)) for row in rows)


def test_of_two_who_revoke_at_once_one_did(identity: Identity, admin: User) -> None:
    token_id, _ = made(identity, admin)
    done, _ = outcomes(
        lambda actor: identity.api_tokens.revoke(token_id, actor=actor),
        [admin.id, None],
        error=NotPermittedError,
    )
    assert sorted(done) == [False, True]


@pytest.mark.parametrize("token_id", ["", "aaaaaaaaaaaa", "\0", "A" * 12])
def test_a_token_that_is_not_there_is_told(identity: Identity, admin: User, token_id: str) -> None:
    with pytest.raises(TokenNotFoundError):
        identity.api_tokens.get(token_id)
    with pytest.raises(TokenNotFoundError):
        identity.api_tokens.revoke(token_id, actor=None)


def test_a_token_works_only_while_its_maker_is_enabled(identity: Identity, admin: User) -> None:
    sally = another_administrator(identity)
    _, text = made(identity, sally)
    identity.users.set_enabled(sally.id, enabled=False, actor=admin.id)
    assert identity.api_tokens.find(text) is None
    identity.users.set_enabled(sally.id, enabled=True, actor=admin.id)
    assert identity.api_tokens.find(text) is not None


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_a_token_dies_with_the_power_of_its_maker(
    identity: Identity, admin: User, role: Role
) -> None:
    sally = another_administrator(identity)
    token_id, text = made(identity, sally)
    identity.users.set_role(sally.id, role, actor=admin.id)
    assert identity.api_tokens.find(text) is None
    assert not identity.api_tokens.get(token_id).is_good


def test_removing_the_maker_removes_the_token(identity: Identity, admin: User) -> None:
    sally = another_administrator(identity)
    _, text = made(identity, sally)
    identity.users.remove(sally.id, actor=admin.id)
    assert identity.api_tokens.find(text) is None
    assert identity.api_tokens.list_tokens() == ()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_whoever_may_not_manage_tokens_makes_none(
    identity: Identity, admin: User, role: Role
) -> None:
    somebody = identity.users.add(
        name="grace", display_name="", password=PASSWORD, role=role, actor=admin.id
    )
    with pytest.raises(NotPermittedError):
        made(identity, somebody)
    assert identity.api_tokens.list_tokens() == ()


@pytest.mark.parametrize(
    "wish",
    [
        {"name": ""},
        {"name": "  "},
        {"name": "a" * 65},
        {"name": "bell\a"},
        {"scopes": []},
        {"days": 0},
        {"days": -1},
        {"days": MAX_DAYS + 1},
    ],
    ids=str,
)
def test_an_unfit_token_is_not_made(
    identity: Identity, admin: User, wish: dict[str, object]
) -> None:
    fit: dict[str, object] = {"name": "Sync", "scopes": [Scope.VERIFY], "days": 90}
    with pytest.raises(UnfitTokenError):
        identity.api_tokens.make(**(fit | wish), maker=admin.id)  # type: ignore[arg-type]
    assert identity.api_tokens.list_tokens() == ()


def test_the_list_has_the_newest_first_and_the_dead_for_a_year(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    first, _ = made(identity, admin, days=10)
    clock.advance(DAY_S)
    second, _ = made(identity, admin, days=MAX_DAYS)
    assert [token.id for token in identity.api_tokens.list_tokens()] == [second, first]
    identity.api_tokens.revoke(first, actor=None)
    clock.advance(365 * DAY_S - 1)
    assert identity.purge_expired().api_tokens == 0
    clock.advance(1)
    assert identity.purge_expired().api_tokens == 1
    assert [token.id for token in identity.api_tokens.list_tokens()] == [second]


def test_what_a_token_does_is_told_apart_from_what_its_maker_does(
    identity: Identity, admin: User
) -> None:
    _, text = made(identity, admin)
    token = identity.api_tokens.find(text)
    assert token is not None
    with acting_as(token, address="192.0.2.9"):
        grace = add_viewer(identity, "grace", actor=admin)
        identity.audit.append(Tag.FACE_SEARCHED)
    identity.users.set_enabled(grace.id, enabled=False, actor=admin.id)
    rows = identity.audit.list_events(tags=(Tag.USER_ADDED,), subject_id=grace.id)
    assert [row.actor_id for row in rows] == [f"token:{token.id}"]
    assert (rows[0].details["maker"], rows[0].address) == (admin.id, "192.0.2.9")
    (searched,) = identity.audit.list_events(tags=(Tag.FACE_SEARCHED,))
    assert searched.actor_id == f"token:{token.id}"
    (disabled,) = identity.audit.list_events(tags=(Tag.USER_DISABLED,))
    assert (disabled.actor_id, disabled.address) == (admin.id, "")
    assert "maker" not in disabled.details
    of_admin = {row.tag for row in identity.trail.page(TrailFilter(user_id=admin.id))}
    assert {Tag.FACE_SEARCHED, Tag.USER_DISABLED} <= of_admin
    assert identity.trail.verify().is_intact


def test_nobody_approves_a_face_that_the_own_token_enrolled(
    identity: Identity, admin: User, template: Template
) -> None:
    _, text = made(identity, admin)
    token = identity.api_tokens.find(text)
    grace = add_viewer(identity, "grace", actor=admin)
    assert token is not None
    with acting_as(token):
        identity.pending_faces.propose(grace.id, template, actor=token.maker.id)
    face = identity.pending_faces.find(grace.id)
    assert face is not None
    with pytest.raises(OwnApprovalError):
        identity.pending_faces.approve(grace.id, face.id, actor=admin.id)


def test_every_scope_has_words_and_permissions_that_administrators_have() -> None:
    assert set(Scope) == NEEDS.keys() == WORDS.keys()
    assert scopes_within(Role.ADMINISTRATOR, Scope) == frozenset(Scope)
    assert all(NEEDS.values())


def test_a_scope_reaches_no_further_than_the_role() -> None:
    for role in Role:
        for scope in Scope:
            has_all = all(may(role, permission) for permission in NEEDS[scope])
            assert (scope in scopes_within(role, [scope])) == has_all
