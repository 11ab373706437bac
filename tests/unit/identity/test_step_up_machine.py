"""Confirmations under any order of issuing, using, ending sessions and passing time."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import argon2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from countenance.clock import ManualClock
from countenance.identity.acts import Act
from countenance.identity.interfaces import Role, UserId
from countenance.identity.services import Identity, open_identity
from countenance.settings import FactorSettings, Settings

LIFETIME_S = FactorSettings().step_up_lifetime_s
ACTS = (
    Act("station.write", {"tag": "setpoint", "value": "30"}),
    Act("station.write", {"tag": "setpoint", "value": "31"}),
    Act("station.write", {"tag": "setpoint"}),
    Act("people.remove", {"user_id": "1"}),
)


@dataclass
class Issued:
    """What the model knows of a token."""

    token: str
    user_id: UserId
    session_id: str
    act: Act
    at: datetime
    is_used: bool = False


class StepUpMachine(RuleBasedStateMachine):
    """A token is accepted at most once: for its act, user and session, within its time."""

    tokens = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.identity = _open(Path(self.folder.name), self.clock)

    @initialize()
    def begin(self) -> None:
        users = self.identity.users
        ada = users.set_up(name="ada", display_name="", password="tall trees bend")
        bob = users.add(
            name="bob", display_name="", password="tall trees bend", role=Role.VIEWER, actor=None
        )
        self.places: list[tuple[UserId, str, str]] = []
        for user in (ada, ada, bob):
            token = self.identity.sessions.begin(user.id, methods=("pwd",), address="")
            found = self.identity.sessions.find(token)
            assert found is not None
            self.places.append((user.id, found.id, token))
        self.ended: set[str] = set()

    @rule(target=tokens, place=st.integers(0, 2), act=st.sampled_from(ACTS))
    def issue(self, place: int, act: Act) -> Issued | None:
        user_id, session_id, _ = self.places[place]
        if session_id in self.ended:
            return None
        token = self.identity.step_up.issue(user_id, session_id=session_id, act_digest=act.digest)
        return Issued(token, user_id, session_id, act, self.clock.now())

    @rule(
        issued=tokens,
        place=st.one_of(st.none(), st.integers(0, 2)),
        act=st.one_of(st.none(), st.sampled_from(ACTS)),
        looks=st.booleans(),
    )
    def use(self, issued: Issued | None, place: int | None, act: Act | None, looks: bool) -> None:
        """Use a token where it belongs, or in another place or for another act."""
        if issued is None:
            return
        user_id, session_id = issued.user_id, issued.session_id
        if place is not None:
            user_id, session_id, _ = self.places[place]
        wanted = act or issued.act
        expected = (
            not issued.is_used
            and (user_id, session_id, wanted) == (issued.user_id, issued.session_id, issued.act)
            and issued.session_id not in self.ended
            and timedelta(0) - timedelta(seconds=60) <= self.clock.now() - issued.at
            and self.clock.now() - issued.at < timedelta(seconds=LIFETIME_S)
        )
        step_up = self.identity.step_up
        if looks:
            good = step_up.is_good(issued.token, wanted, user_id=user_id, session_id=session_id)
        else:
            good = step_up.redeem(issued.token, wanted, user_id=user_id, session_id=session_id)
            issued.is_used |= good
        assert good is expected

    @rule(guess=st.text(max_size=50))
    def guess(self, guess: str) -> None:
        user_id, session_id, _ = self.places[0]
        found = self.identity.step_up.redeem(guess, ACTS[0], user_id=user_id, session_id=session_id)
        assert not found

    @rule(place=st.integers(0, 2))
    def end(self, place: int) -> None:
        _, session_id, token = self.places[place]
        self.identity.sessions.end(token)
        self.ended.add(session_id)

    @rule(seconds=st.sampled_from([1, 59, LIFETIME_S - 1, LIFETIME_S, 3600]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([30, 90]))
    def set_back(self, seconds: float) -> None:
        self.clock._now -= timedelta(seconds=seconds)

    def teardown(self) -> None:
        self.identity.close()
        self.folder.cleanup()


def _open(home: Path, clock: ManualClock) -> Identity:
    return open_identity(
        Settings(home=home, database_url=f"sqlite:///{home / 'a.db'}"),
        clock=clock,
        argon2=argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1),
    )


StepUpMachine.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestStepUp = StepUpMachine.TestCase


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Act("a.b", {"x": "1"}), Act("a.b", {"x": "1", "y": ""})),
        (Act("a.b", {"x": "1", "y": "2"}), Act("a.b", {"x": "1y2"})),
        (Act("a.b", {"x": '1", "y": "2'}), Act("a.b", {"x": "1", "y": "2"})),
        (Act("a.b"), Act("a.c")),
        (Act("a.b", {"x": "é"}), Act("a.b", {"x": "\ud800"})),
    ],
)
def test_acts_that_differ_in_anything_have_other_digests(one: Act, other: Act) -> None:
    assert one.digest != other.digest
    assert one.digest == Act(one.name, dict(reversed(list(one.parameters.items())))).digest


@pytest.mark.parametrize("name", ["", "a", "A.b", "a b", "a" * 65, "é.x"])
def test_an_act_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="name of an act"):
        Act(name)


def test_an_act_cannot_be_changed_after_it_was_named() -> None:
    given = {"x": "1"}
    act = Act("a.b", given)
    before = act.digest
    given["x"] = "2"
    assert act.digest == before
    with pytest.raises(ValueError, match="too long"):
        Act("a.b", {"x": "1" * 20_000})
