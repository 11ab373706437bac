"""Sessions under any order of logins, requests, ends, changes of their user and of the clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import argon2
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from countenance.clock import ManualClock
from countenance.identity.errors import UserNotFoundError
from countenance.identity.interfaces import Role, User
from countenance.identity.services import Identity, open_identity
from countenance.settings import SessionSettings, Settings

IDLE_S, ABSOLUTE_S = 600.0, 3000.0
TOLERANCE_S = 60
"""How far back a clock may be set; also how coarse the last request is noted."""


@dataclass
class Login:
    """What the model knows of one session."""

    token: str
    began: datetime
    seen: datetime
    """Of the newest request that was let through and written down."""
    is_ended: bool = False


class SessionMachine(RuleBasedStateMachine):
    """A session opens only in its time, since its user's last change, and until it is ended."""

    clock = ManualClock()
    identity: Identity
    bob: User

    @initialize()
    def begin_anew(self) -> None:
        """All runs share one database, so that many of them cost little."""
        self.identity.users.set_enabled(self.bob.id, enabled=True, actor=None)
        self.identity.users.set_role(self.bob.id, Role.VIEWER, actor=None)
        self.identity.sessions.end_all(self.bob.id)
        self.logins: list[Login] = []
        self.is_enabled, self.role = True, Role.VIEWER

    @rule()
    def log_in(self) -> None:
        now = self.clock.now()
        try:
            token = self.identity.sessions.begin(self.bob.id, methods=("pwd",), address="")
        except UserNotFoundError:
            assert not self.is_enabled
            return
        assert self.is_enabled
        assert all(token != login.token for login in self.logins)
        self.logins.append(Login(token, began=now, seen=now))

    @precondition(lambda self: self.logins)
    @rule(data=st.data())
    def ask(self, data: st.DataObject) -> None:
        login = data.draw(st.sampled_from(self.logins))
        found = self.identity.sessions.find(login.token)
        assert (found is not None) is self._is_good(login)
        if found is not None:
            assert found.user.role is self.role
            if (self.clock.now() - login.seen).total_seconds() >= TOLERANCE_S:
                login.seen = self.clock.now()

    @precondition(lambda self: self.logins)
    @rule(data=st.data(), by_id=st.booleans())
    def end(self, data: st.DataObject, *, by_id: bool) -> None:
        login = data.draw(st.sampled_from(self.logins))
        found = self.identity.sessions.find(login.token)
        if by_id and found is not None:
            assert self.identity.sessions.end_one(found.id, self.bob.id)
        else:
            self.identity.sessions.end(login.token)
        login.is_ended = True

    @rule(data=st.data(), keeps=st.booleans())
    def end_all(self, data: st.DataObject, *, keeps: bool) -> None:
        kept = data.draw(st.sampled_from(self.logins)) if keeps and self.logins else None
        self.identity.sessions.end_all(self.bob.id, keep_token=kept.token if kept else None)
        self._end(but=kept)

    @rule(role=st.sampled_from(list(Role)))
    def change_role(self, role: Role) -> None:
        self.identity.users.set_role(self.bob.id, role, actor=None)
        if role is not self.role:
            self._end()
        self.role = role

    @rule(enabled=st.booleans())
    def enable(self, *, enabled: bool) -> None:
        self.identity.users.set_enabled(self.bob.id, enabled=enabled, actor=None)
        if not enabled:
            self._end()
        self.is_enabled = enabled

    @precondition(lambda self: self.logins)
    @rule(data=st.data(), times=st.sampled_from([1, 12]))
    def stay(self, data: st.DataObject, times: int) -> None:
        """Use one session again and again, before it is idle."""
        login = data.draw(st.sampled_from(self.logins))
        for _ in range(times):
            self.clock.advance(IDLE_S / 2)
            found = self.identity.sessions.find(login.token)
            assert (found is not None) is self._is_good(login)
            if found is not None:
                login.seen = self.clock.now()

    @rule(seconds=st.sampled_from([1, 61, IDLE_S / 2, IDLE_S - 1, IDLE_S, ABSOLUTE_S, 86_400]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([30, 61, 1000, 86_400]))
    def set_back(self, seconds: float) -> None:
        self.clock._now -= timedelta(seconds=seconds)

    @rule()
    def keep_house(self) -> None:
        """Drops nothing that could still open; what it drops stays gone if the clock goes back."""
        now = self.clock.now()
        self.identity.purge_expired()
        for login in self.logins:
            is_idle = now - login.seen >= timedelta(seconds=IDLE_S)
            is_old = now - login.began >= timedelta(seconds=ABSOLUTE_S)
            login.is_ended |= is_idle or is_old

    @invariant()
    def the_list_is_what_opens(self) -> None:
        if hasattr(self, "logins"):
            listed = self.identity.sessions.list_sessions(self.bob.id)
            assert len(listed) == sum(self._is_good(login) for login in self.logins)

    def _is_good(self, login: Login) -> bool:
        now = self.clock.now()
        is_from_future = max(login.began, login.seen) > now + timedelta(seconds=TOLERANCE_S)
        is_idle = now - login.seen >= timedelta(seconds=IDLE_S)
        is_old = now - login.began >= timedelta(seconds=ABSOLUTE_S)
        return not (login.is_ended or is_from_future or is_idle or is_old)

    def _end(self, *, but: Login | None = None) -> None:
        for login in self.logins:
            login.is_ended |= login is not but


@pytest.fixture(scope="module")
def session_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[SessionMachine]]:
    home = tmp_path_factory.mktemp("sessions")
    limits = SessionSettings(idle_limit_s=IDLE_S, absolute_limit_s=ABSOLUTE_S)
    SessionMachine.identity = own = open_identity(
        Settings(home=home, database_url=f"sqlite:///{home / 'a.db'}", sessions=limits),
        clock=SessionMachine.clock,
        argon2=argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1),
    )
    own.users.set_up(name="ada", display_name="", password="tall trees bend")
    SessionMachine.bob = own.users.add(
        name="bob", display_name="", password="tall trees bend", role=Role.VIEWER, actor=None
    )
    yield SessionMachine
    own.close()


def test_no_order_of_events_opens_a_session_that_is_over(
    session_machine: type[SessionMachine],
) -> None:
    run_state_machine_as_test(
        session_machine, settings=settings(max_examples=60, stateful_step_count=30, deadline=None)
    )
