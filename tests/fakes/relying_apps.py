"""Another app that has people verified at a door, and the page in which it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from countenance.identity.api_scopes import Scope
from countenance.identity.interfaces import User
from tests.fakes.cameras import Camera
from tests.fakes.doors import Door, Visit

ORIGIN = "https://shop.example"


@dataclass
class RelyingApp:
    """The server of an app with a token of its own; `maker` made the token."""

    door: Door
    maker: User
    scopes: tuple[Scope, ...] = (Scope.VERIFY,)
    name: str = "Shop"
    token: str = field(init=False)

    def __post_init__(self) -> None:
        made = self.door.identity.api_tokens.make(
            name=self.name, scopes=self.scopes, days=30, maker=self.maker.id
        )
        self.token_id, self.token = made[0].id, made[1]

    def ask(self, method: str, path: str, json: object = None) -> TestResponse:
        """Ask the API, as a program that keeps no cookies."""
        return self.door.app.test_client(use_cookies=False).open(
            f"/api/v1{path}",
            method=method,
            json=json,
            headers={"Authorization": f"Bearer {self.token}"},
        )

    def begin(self, user: str = "eileen", **more: str) -> RelyingPage:
        answer = self.ask("POST", "/verifications", {"user": user, "origin": ORIGIN} | more)
        assert answer.status_code == 201, answer.json
        told: Any = answer.json
        return RelyingPage(self.door, told["id"], told["client_secret"])

    def read(self, page: RelyingPage) -> dict[str, Any]:
        answer = self.ask("GET", f"/verifications/{page.id}")
        assert answer.status_code == 200, answer.json
        told: dict[str, Any] = answer.json  # type: ignore[assignment]  # an object, as asserted
        return told


@dataclass
class RelyingPage:
    """What the element does, at whatever origin a test lets it have."""

    door: Door
    id: str
    secret: str
    origin: str = ORIGIN

    def ask(self, what: str, **changed: str) -> TestResponse:
        """POST with the client secret; `secret` and `origin` may be others than its own."""
        return self.door.app.test_client(use_cookies=False).post(
            f"/verifications/{changed.get('id', self.id)}/{what}",
            json={"client_secret": changed.get("secret", self.secret)},
            headers={"Origin": changed.get("origin", self.origin), "Accept": "application/json"},
        )

    def ticket(self) -> str:
        answer = self.ask("ticket")
        assert answer.status_code == 200, answer.json
        return str(answer.json["ticket"])  # type: ignore[index]  # an object, by its status

    def camera(self, host: str, ticket: str | None = None, *, origin: str = "") -> Camera:
        """A capture that was begun; sends no cookie."""
        return Camera(
            host,
            Visit(self.door.app.test_client()),
            self.ticket() if ticket is None else ticket,
            origin=origin or self.origin,
            path="/ws/verification",
        )
