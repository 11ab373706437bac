"""A program with a token, as it asks the API of a door."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from countenance.identity.api_scopes import Scope
from countenance.identity.interfaces import User
from tests.fakes.doors import Door

BASE = "/api/v1"


@dataclass
class Program:
    """Something with a token of a door."""

    door: Door
    token_id: str
    text: str

    def ask(self, method: str, path: str, **options: Any) -> TestResponse:
        """A request with the token; `path` is below the base."""
        headers = {"Authorization": f"Bearer {self.text}"} | options.pop("headers", {})
        return self.door.app.test_client().open(
            BASE + path, method=method, headers=headers, **options
        )

    def get(self, path: str, **query: Any) -> Any:
        """The answer to a GET that has to work."""
        answer = self.ask("GET", path, query_string=query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.json

    def send_photographs(
        self, user_id: str, *photographs: bytes, agreed: str = "yes"
    ) -> TestResponse:
        """An enrolment, as `curl -F` sends it."""
        files = [(io.BytesIO(data), f"{n}.jpg") for n, data in enumerate(photographs)]
        return self.ask(
            "POST",
            f"/enrolments/{user_id}",
            data={"agreed": agreed, "photographs": files},
            content_type="multipart/form-data",
        )

    def identify(self, photograph: bytes, *, media_type: str = "image/jpeg") -> TestResponse:
        return self.ask("POST", "/identify", data=photograph, content_type=media_type)


def program_of(door: Door, maker: User, *scopes: Scope, days: int = 90) -> Program:
    """A program with these scopes; without any, with all of them."""
    token, text = door.identity.api_tokens.make(
        name="A program", scopes=scopes or list(Scope), days=days, maker=maker.id
    )
    return Program(door, token.id, text)
