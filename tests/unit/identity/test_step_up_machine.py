"""Confirmations under any order of issuing, using, ending sessions and passing time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import argon2
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

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
    """A token is accepted at most once: for its act, user and session, within its time.

    All runs share one database, so that many of them cost little; each has sessions of its own.
    """

    tokens = Bundle("tokens")
    clock = ManualClock()
    identity: Identity
    people: tuple[UserId, ...]

    @initialize()
    def begin(self) -> None:
        self.places: list[tuple[UserId, str, str]] = []
        for user_id in self.people:
            token = self.identity.sessions.begin(user_id, methods=("pwd",), address="")
            found = self.identity.sessions.find(token)
            assert found is not None
            self.places.append((user_id, found.id, token))
        self.ended: set[str] = set()
        self.made: list[Issued] = []

    @rule(target=tokens, place=st.integers(0, 2), act=st.sampled_from(ACTS))
    def issue(self, place: int, act: Act) -> MultipleResults[Issued]:
        user_id, session_id, _ = self.places[place]
        if session_id in self.ended:
            return multiple()
        now, lifetime = self.clock.now(), timedelta(seconds=LIFETIME_S)
        token = self.identity.step_up.issue(user_id, session_id=session_id, act_digest=act.digest)
        for old in self.made:  # issuing drops what has lapsed, even if the clock then goes back
            old.is_used |= now - old.at >= lifetime
        self.made.append(Issued(token, user_id, session_id, act, now))
        return multiple(self.made[-1])

    @rule(issued=tokens, looks=st.booleans())
    def use(self, issued: Issued, *, looks: bool) -> None:
        """Where it belongs: good until it is used, too old, or its session is over."""
        step_up, expected = self.identity.step_up, self._is_good(issued)
        ask = step_up.is_good if looks else step_up.redeem
        found = ask(issued.token, issued.act, user_id=issued.user_id, session_id=issued.session_id)
        assert found is expected
        issued.is_used |= found and not looks

    @rule(issued=tokens, act=st.sampled_from(ACTS))
    def use_for_another_act(self, issued: Issued, act: Act) -> None:
        if act != issued.act:
            self._refuses(issued.token, act, issued.user_id, issued.session_id)

    @rule(issued=tokens, place=st.integers(0, 2))
    def use_in_another_place(self, issued: Issued, place: int) -> None:
        user_id, session_id, _ = self.places[place]
        if session_id != issued.session_id:
            self._refuses(issued.token, issued.act, user_id, session_id)
            self._refuses(issued.token, issued.act, issued.user_id, session_id)
        if user_id != issued.user_id:
            self._refuses(issued.token, issued.act, user_id, issued.session_id)

    @rule(guess=st.sampled_from(["", "x", "\0", "A" * 43]))
    def guess(self, guess: str) -> None:
        user_id, session_id, _ = self.places[0]
        self._refuses(guess, ACTS[0], user_id, session_id)

    @rule(place=st.integers(0, 2))
    def end(self, place: int) -> None:
        _, session_id, token = self.places[place]
        self.identity.sessions.end(token)
        self.ended.add(session_id)

    @rule(seconds=st.sampled_from([1, 59, LIFETIME_S - 1, LIFETIME_S]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([30, 90]))
    def set_back(self, seconds: float) -> None:
        self.clock._now -= timedelta(seconds=seconds)

    def _refuses(self, token: str, act: Act, user_id: UserId, session_id: str) -> None:
        for ask in (self.identity.step_up.is_good, self.identity.step_up.redeem):
            assert not ask(token, act, user_id=user_id, session_id=session_id)

    def _is_good(self, issued: Issued) -> bool:
        age = self.clock.now() - issued.at
        in_time = timedelta(seconds=-60) <= age < timedelta(seconds=LIFETIME_S)
        return in_time and not issued.is_used and issued.session_id not in self.ended


@pytest.fixture(scope="module")
def step_up_machine(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[type[StepUpMachine]]:
    home = tmp_path_factory.mktemp("step-up")
    StepUpMachine.identity = own = open_identity(
        Settings(home=home, database_url=f"sqlite:///{home / 'a.db'}"),
        clock=StepUpMachine.clock,
        argon2=argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1),
    )
    ada = own.users.set_up(name="ada", display_name="", password="tall trees bend")
    bob = own.users.add(
        name="bob", display_name="", password="tall trees bend", role=Role.VIEWER, actor=None
    )
    StepUpMachine.people = (ada.id, ada.id, bob.id)
    yield StepUpMachine
    own.close()


def test_no_order_of_events_gets_a_token_accepted_where_it_must_not_be(
    step_up_machine: type[StepUpMachine],
) -> None:
    run_state_machine_as_test(
        step_up_machine, settings=settings(max_examples=60, stateful_step_count=30, deadline=None)
    )


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
