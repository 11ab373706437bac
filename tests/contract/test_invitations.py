"""Invitations: what holds on every database."""

from __future__ import annotations

import pytest

from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.administration_interfaces import InvitationReason
from countenance.identity.errors import (
    InvitationError,
    NameTakenError,
    UserNotFoundError,
    WeakPasswordError,
)
from countenance.identity.interfaces import Purpose, Role, User, UserFilter, UserId, UserState
from countenance.identity.services import Identity
from countenance.settings import Settings
from tests.contract.support import PASSWORD, add_viewer, all_rows, outcomes

OWN = "four green kites"


def invited(identity: Identity, name: str = "grace", *, actor: User) -> tuple[User, str]:
    return identity.invitations.invite(
        name=name, display_name="Grace Hopper", role=Role.OPERATOR, actor=actor.id
    )


def test_whoever_is_invited_chooses_the_password(identity: Identity, admin: User) -> None:
    grace, code = invited(identity, actor=admin)
    assert (grace.role, grace.is_enabled, grace.has_password) == (Role.OPERATOR, True, False)
    found = identity.invitations.find(f" {code.lower()} ")
    assert found is not None
    assert (found.user, found.reason) == (grace, InvitationReason.INVITED)
    accepted = identity.invitations.accept(code, password=OWN)
    assert accepted.has_password
    assert not accepted.must_change_password
    assert identity.passwords.verify(name="grace", password=OWN) == accepted
    events = identity.audit.list_events(subject_id=grace.id)
    assert [(event.tag, event.actor_id) for event in reversed(events)] == [
        (Tag.USER_ADDED, admin.id),
        (Tag.INVITATION_ISSUED, admin.id),
        (Tag.INVITATION_ACCEPTED, grace.id),
    ]


def test_nobody_comes_in_as_somebody_who_has_no_password(identity: Identity, admin: User) -> None:
    grace, _ = invited(identity, actor=admin)
    for password in ("", " ", PASSWORD, "!", "\0"):
        assert identity.passwords.verify(name="grace", password=password) is None
        assert not identity.passwords.verify_for(grace.id, password=password)


def test_a_code_works_once(identity: Identity, admin: User) -> None:
    _, code = invited(identity, actor=admin)
    identity.invitations.accept(code, password=OWN)
    assert identity.invitations.find(code) is None
    with pytest.raises(InvitationError):
        identity.invitations.accept(code, password="another long one")
    assert identity.passwords.verify(name="grace", password=OWN) is not None


def test_of_two_that_use_one_code_one_is_refused(identity: Identity, admin: User) -> None:
    _, code = invited(identity, actor=admin)
    done, refused = outcomes(
        lambda n: identity.invitations.accept(code, password=f"{OWN} {n}"),
        range(6),
        error=InvitationError,
    )
    assert (len(done), refused) == (1, 5)


def test_a_weak_password_leaves_the_code_good(identity: Identity, admin: User) -> None:
    _, code = invited(identity, actor=admin)
    for weak in ("short", "grace123", "password123"):
        with pytest.raises(WeakPasswordError):
            identity.invitations.accept(code, password=weak)
    assert identity.invitations.find(code) is not None
    assert not identity.users.list_users(UserFilter(search="grace")).users[0].has_password


def test_a_code_that_nobody_gave_is_nothing(identity: Identity, admin: User) -> None:
    invited(identity, actor=admin)
    for code in ("", "x", "AAAAA-AAAAA-AAAAA-AAAAA", "\0\ud800", "Z" * 10_000):
        assert identity.invitations.find(code) is None
        with pytest.raises(InvitationError):
            identity.invitations.accept(code, password=OWN)


def test_a_code_expires_and_is_then_dropped(
    identity: Identity, admin: User, clock: ManualClock, settings: Settings
) -> None:
    _, code = invited(identity, actor=admin)
    clock.advance(settings.login.invitation_lifetime_s - 1)
    assert identity.invitations.find(code) is not None
    assert identity.purge_expired().invitations == 0
    clock.advance(1)
    assert identity.invitations.find(code) is None
    with pytest.raises(InvitationError):
        identity.invitations.accept(code, password=OWN)
    assert identity.purge_expired().invitations == 1


def test_a_reset_takes_the_password_and_every_login(identity: Identity, admin: User) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    session = identity.sessions.begin(bob.id, methods=("pwd",), address="")
    pending = identity.transactions.begin(Purpose.LOGIN, user_id=bob.id, actor_id=None, address="")
    first = identity.invitations.reset(bob.id, actor=admin.id)
    assert identity.sessions.find(session) is None
    assert identity.transactions.find(pending) is None
    assert identity.passwords.verify(name="bob", password=PASSWORD) is None
    second = identity.invitations.reset(bob.id, actor=admin.id)
    assert identity.invitations.find(first) is None
    found = identity.invitations.find(second)
    assert found is not None
    assert found.reason is InvitationReason.RESET
    assert identity.invitations.accept(second, password=OWN).has_password
    tags = [event.tag for event in identity.audit.list_events(subject_id=bob.id)]
    assert tags.count(Tag.PASSWORD_RESET) == 2
    assert all(
        event.actor_id == admin.id
        for event in identity.audit.list_events(tags=(Tag.PASSWORD_RESET,))
    )


def test_a_new_link_for_somebody_invited_is_an_invitation_again(
    identity: Identity, admin: User
) -> None:
    grace, lost = invited(identity, actor=admin)
    found = identity.invitations.find(identity.invitations.reset(grace.id, actor=admin.id))
    assert found is not None
    assert found.reason is InvitationReason.INVITED
    assert identity.invitations.find(lost) is None
    assert identity.audit.list_events(tags=(Tag.PASSWORD_RESET,)) == ()


def test_a_disabled_user_cannot_use_a_code_nor_be_given_one(
    identity: Identity, admin: User
) -> None:
    grace, code = invited(identity, actor=admin)
    identity.users.set_enabled(grace.id, enabled=False, actor=admin.id)
    with pytest.raises(InvitationError):
        identity.invitations.accept(code, password=OWN)
    with pytest.raises(UserNotFoundError):
        identity.invitations.reset(grace.id, actor=admin.id)
    identity.users.set_enabled(grace.id, enabled=True, actor=admin.id)
    assert identity.invitations.find(code) is None


def test_a_code_goes_with_its_user(identity: Identity, admin: User, database_url: str) -> None:
    grace, code = invited(identity, actor=admin)
    identity.users.remove(grace.id, actor=admin.id)
    assert identity.invitations.find(code) is None
    assert not [row for table, row in all_rows(database_url) if table == "invitations"]
    with pytest.raises(UserNotFoundError):
        identity.invitations.reset(UserId("nobody"), actor=None)


def test_nobody_is_invited_under_a_name_that_is_taken(identity: Identity, admin: User) -> None:
    invited(identity, actor=admin)
    with pytest.raises(NameTakenError):
        invited(identity, "GRACE", actor=admin)


def test_whoever_waits_for_a_password_can_be_listed(identity: Identity, admin: User) -> None:
    grace, _ = invited(identity, actor=admin)
    bob = add_viewer(identity, "bob", actor=admin)
    identity.users.set_enabled(bob.id, enabled=False, actor=None)

    def found(state: UserState) -> list[str]:
        return [user.name for user in identity.users.list_users(UserFilter(state=state)).users]

    assert found(UserState.WAITING) == ["grace"]
    assert found(UserState.ENABLED) == ["ada"]
    assert found(UserState.DISABLED) == ["bob"]
    identity.users.set_enabled(grace.id, enabled=False, actor=None)
    assert found(UserState.WAITING) == []
