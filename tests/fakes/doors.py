"""A whole door for tests: real pages and storage, a clock that waits, a painted engine."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from countenance.bootstrap import Container, build, prepare_home
from countenance.clock import ManualClock
from countenance.identity.acts import Act
from countenance.identity.interfaces import Role, User
from countenance.identity.services import Identity, open_identity
from countenance.settings import Settings, read_settings
from countenance.web.app import create_app
from tests.fakes.lab import FakeLabEngine
from tests.fakes.recognition import FakeRecognition, face_of
from tests.fakes.templates import CompiledTemplates
from tests.fixtures.databases import write_migrated_sqlite

PASSWORD = "seven calm herons by the weir"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
PENDING = "countenance-pending"
SESSION = "countenance"
FRESH = "countenance-fresh"
DEVICE = "countenance-device"
TEMPLATES = CompiledTemplates()


@dataclass
class Door:
    """One installation in a folder of its own."""

    home: Path
    settings: Settings
    clock: ManualClock = field(default_factory=ManualClock)
    recognition: FakeRecognition = field(default_factory=FakeRecognition)
    lab: FakeLabEngine = field(default_factory=FakeLabEngine)
    container: Container = field(init=False)
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        prepare_home(self.home)
        database = self.home / "countenance.db"
        if not database.exists():
            write_migrated_sqlite(database)
        self.container = build(self.settings, clock=self.clock)
        # The product's cost of a hash would be most of the time of these tests.
        identity = open_identity(self.settings, clock=self.clock, argon2=CHEAP)
        self.container.__dict__["identity"] = identity
        self.app = create_app(self.container, recognition=self.recognition, lab_engine=self.lab)
        self.app.jinja_env.bytecode_cache = TEMPLATES

    @property
    def identity(self) -> Identity:
        return self.container.identity

    def administrator(self, *, face: int | None = 1) -> User:
        """The first administrator, `eileen`, with that person's face."""
        user = self.identity.users.set_up(
            name="eileen", display_name="Eileen Collins", password=PASSWORD
        )
        return self._with_face(user, face)

    def viewer(self, name: str = "grace", *, face: int | None = 2) -> User:
        """Somebody else, with an own password."""
        return self.user(name, role=Role.VIEWER, face=face)

    def user(self, name: str, *, role: Role, face: int | None = None) -> User:
        """Somebody of a role, with an own password."""
        user = self.identity.users.add(
            name=name, display_name=name.title(), password=PASSWORD, role=role, actor=None
        )
        self.identity.passwords.change(user.id, password=PASSWORD)
        return self._with_face(user, face)

    def _with_face(self, user: User, face: int | None) -> User:
        if face is not None:
            self.identity.vault.store(user.id, face_of(face), actor=None)
        return self.identity.users.get(user.id)

    def visit(self, **options: Any) -> Visit:
        """A browser without cookies."""
        return Visit(self.app.test_client(), options)

    def visit_as(self, user: User) -> Visit:
        """A browser of somebody who has logged in."""
        visit = self.visit()
        token = self.identity.sessions.begin(user.id, methods=("pwd", "face"), address="127.0.0.1")
        visit.client.set_cookie(SESSION, token)
        return visit


@dataclass
class Visit:
    """One browser: own cookies; posts forms with the token of a page."""

    client: FlaskClient
    options: dict[str, Any] = field(default_factory=dict)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **self.options, **options)

    def token(self) -> str:
        """The CSRF token of this browser."""
        found = re.search(r'csrf-token" content="([^"]+)"', self.get("/privacy").text)
        assert found, "no token on the page"
        return found[1]

    def post(self, path: str, **fields: str) -> TestResponse:
        data = {"csrf_token": self.token(), **fields}
        return self.client.post(path, data=data, **self.options)

    def ask(self, path: str) -> TestResponse:
        """POST as the scripts do: token in a header, JSON wanted."""
        headers = {"X-CSRFToken": self.token(), "Accept": "application/json"}
        return self.client.post(path, headers=headers, **self.options)

    def confirm(self, door: Door, act: str, **parameters: str) -> None:
        """As if whoever is logged in here had just confirmed the act with the camera."""
        session = door.identity.sessions.find(self.cookie(SESSION))
        assert session is not None
        token = door.identity.step_up.issue(
            session.user.id, session_id=session.id, act_digest=Act(act, parameters).digest
        )
        self.client.set_cookie(FRESH, token)

    def password(self, name: str = "eileen", password: str = PASSWORD) -> TestResponse:
        """Send the login form."""
        return self.post("/login", name=name, password=password)

    def agree(self) -> TestResponse:
        """Agree to the enrolment that this browser has begun."""
        return self.post("/enrol/consent", agreed="yes")

    def cookie(self, name: str) -> str:
        """Value of a cookie; empty when there is none."""
        found = self.client.get_cookie(name)
        return found.value if found else ""


def open_door(home: Path, **groups: dict[str, Any]) -> Door:
    """A door with settings changed: `open_door(path, capture={"max_concurrent": 1})`.

    Its login asks for good frames only, for that is what painted frames give by themselves.
    """
    environ = {"COUNTENANCE_HOME": str(home), "COUNTENANCE_LOGIN_POLICY": "passive"}
    settings = read_settings(environ)
    for name, values in groups.items():
        changed = replace(getattr(settings, name), **values)
        settings = replace(settings, **{name: changed})  # type: ignore[arg-type]
    return Door(home, settings)
