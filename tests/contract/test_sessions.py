"""Sessions: what holds on every database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from countenance.clock import ManualClock
from countenance.identity.errors import UserNotFoundError
from countenance.identity.interfaces import User, UserId
from countenance.identity.services import Identity
from countenance.settings import SessionSettings
from tests.contract.support import add_viewer, all_rows

IDLE_S = SessionSettings().idle_limit_s
ABSOLUTE_S = SessionSettings().absolute_limit_s


@pytest.fixture
def token(identity: Identity, admin: User) -> str:
    return identity.sessions.begin(admin.id, methods=("pwd", "face"), address="192.0.2.1")


def test_a_session_says_who_came_in_and_how(
    identity: Identity, admin: User, token: str, clock: ManualClock
) -> None:
    session = identity.sessions.find(token)
    assert session is not None
    assert session.user.id == admin.id
    assert session.methods == ("pwd", "face")
    assert session.created_at == clock.now()
    assert session.user.last_login_at == clock.now()
    assert session.id not in token


@pytest.mark.parametrize("wrong", ["", "x", "\0", "A" * 43])
def test_another_token_is_no_session(identity: Identity, token: str, wrong: str) -> None:
    assert wrong != token
    assert identity.sessions.find(wrong) is None
    identity.sessions.end(wrong)
    assert identity.sessions.find(token) is not None


def test_a_session_ends_when_idle(identity: Identity, token: str, clock: ManualClock) -> None:
    clock.advance(IDLE_S - 1)
    assert identity.sessions.find(token) is not None
    clock.advance(IDLE_S)
    assert identity.sessions.find(token) is None


def test_a_session_ends_in_spite_of_use(identity: Identity, token: str, clock: ManualClock) -> None:
    step = IDLE_S / 2
    for _ in range(int(ABSOLUTE_S / step) - 1):
        clock.advance(step)
        assert identity.sessions.find(token) is not None
    clock.advance(step)
    assert identity.sessions.find(token) is None


def test_requests_in_the_same_minute_write_nothing(
    identity: Identity, token: str, clock: ManualClock, database_url: str
) -> None:
    before = all_rows(database_url)
    for _ in range(5):
        clock.advance(10)
        assert identity.sessions.find(token) is not None
    assert all_rows(database_url) == before
    clock.advance(10)
    assert identity.sessions.find(token) is not None
    assert all_rows(database_url) != before


def test_a_clock_set_back_a_little_is_borne(
    identity: Identity, token: str, clock: ManualClock
) -> None:
    clock._now -= timedelta(seconds=30)
    assert identity.sessions.find(token) is not None


def test_a_session_from_the_future_is_refused_never_prolonged(
    identity: Identity, token: str, clock: ManualClock
) -> None:
    clock._now -= timedelta(days=2)
    assert identity.sessions.find(token) is None
    clock._now += timedelta(days=2, seconds=IDLE_S)
    assert identity.sessions.find(token) is None


def test_a_clock_set_forward_ends_sessions(
    identity: Identity, token: str, clock: ManualClock
) -> None:
    clock._now += timedelta(days=400)
    assert identity.sessions.find(token) is None


def test_ending_one_session_leaves_the_others(identity: Identity, admin: User, token: str) -> None:
    other = identity.sessions.begin(admin.id, methods=("pwd", "otp"), address="")
    identity.sessions.end(token)
    assert identity.sessions.find(token) is None
    assert identity.sessions.find(other) is not None


def test_ending_all_can_keep_the_own_one(identity: Identity, admin: User, token: str) -> None:
    bob = add_viewer(identity, "bob")
    of_bob = identity.sessions.begin(bob.id, methods=("pwd",), address="")
    others = [identity.sessions.begin(admin.id, methods=("pwd",), address="") for _ in range(3)]
    assert identity.sessions.end_all(admin.id, keep_token=token) == 3
    assert identity.sessions.find(token) is not None
    assert all(identity.sessions.find(other) is None for other in others)
    assert identity.sessions.end_all(admin.id) == 1
    assert identity.sessions.find(of_bob) is not None


def test_there_is_no_session_of_nobody(identity: Identity) -> None:
    with pytest.raises(UserNotFoundError):
        identity.sessions.begin(UserId("nobody"), methods=("pwd",), address="")


def test_an_address_of_any_length_is_kept_in_part(identity: Identity, admin: User) -> None:
    token = identity.sessions.begin(admin.id, methods=("pwd",), address="\0" + "x" * 500)
    assert identity.sessions.find(token) is not None


def test_housekeeping_drops_what_is_over_and_nothing_else(
    identity: Identity, admin: User, token: str, clock: ManualClock
) -> None:
    clock.advance(IDLE_S)
    fresh = identity.sessions.begin(admin.id, methods=("pwd",), address="")
    assert identity.purge_expired().sessions == 1
    assert identity.sessions.find(token) is None
    assert identity.sessions.find(fresh) is not None


def test_the_sessions_of_a_user_are_listed_without_those_that_are_over(
    identity: Identity, admin: User, token: str, clock: ManualClock
) -> None:
    bob = add_viewer(identity, "bob")
    identity.sessions.begin(bob.id, methods=("pwd",), address="")
    known = identity.devices.remember(None, admin.id, label="Firefox on Linux")
    clock.advance(120)
    newer = identity.sessions.begin(
        admin.id, methods=("pwd", "otp"), address="192.0.2.2", device_id=known.device.id
    )
    assert identity.sessions.find(newer) is not None
    first, second = identity.sessions.list_sessions(admin.id)
    assert (first.label, first.address) == ("Firefox on Linux", "192.0.2.2")
    assert (second.label, second.methods) == ("", ("pwd", "face"))
    identity.devices.forget(known.device.id, admin.id, actor=None)
    assert identity.sessions.list_sessions(admin.id)[0].label == ""
    clock.advance(IDLE_S - 60)
    assert [found.id for found in identity.sessions.list_sessions(admin.id)] == [first.id]
    assert identity.sessions.list_sessions(UserId("\0")) == ()


def test_one_session_is_ended_by_its_user_alone(
    identity: Identity, admin: User, token: str
) -> None:
    (mine,) = identity.sessions.list_sessions(admin.id)
    bob = add_viewer(identity, "bob")
    assert not identity.sessions.end_one(mine.id, bob.id)
    assert not identity.sessions.end_one("\0", admin.id)
    assert identity.sessions.find(token) is not None
    assert identity.sessions.end_one(mine.id, admin.id)
    assert not identity.sessions.end_one(mine.id, admin.id)
    assert identity.sessions.find(token) is None


def test_a_new_device_is_news_to_every_session_but_its_own(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    def log_in(label: str, token: str | None = None) -> tuple[str, str]:
        known = identity.devices.remember(token, admin.id, label=label)
        session = identity.sessions.begin(
            admin.id, methods=("pwd",), address="", device_id=known.device.id
        )
        clock.advance(10)
        found = identity.sessions.find(session)
        assert found is not None
        return found.id, known.token

    home, home_token = log_in("Home")
    assert identity.news.of_session(home) == ()
    other, _ = log_in("Elsewhere")
    assert identity.news.of_session(other) == ()
    assert [device.label for device in identity.news.of_session(home)] == ["Elsewhere"]
    identity.news.acknowledge(
        other, until=clock.now()
    )  # by whoever logged in there: changes nothing here
    assert len(identity.news.of_session(home)) == 1
    (told,) = identity.news.of_session(home)
    identity.news.acknowledge(home, until=told.created_at)
    assert identity.news.of_session(home) == ()
    third, _ = log_in("Third")
    assert [device.label for device in identity.news.of_session(home)] == ["Third"]
    again, _ = log_in("Home", home_token)  # the next login hears of it, too
    assert identity.news.of_session(again) == ()
    identity.sessions.end_all(admin.id)
    assert identity.news.of_session(third) == identity.news.of_session("\0") == ()
