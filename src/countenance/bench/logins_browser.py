"""A visitor without a browser: pages, cookies, tokens, and one capture over the WebSocket."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any, Final
from urllib.parse import urlencode

from simple_websocket import Client, ConnectionClosed
from simple_websocket import ConnectionError as UpgradeRefusedError
from wsproto.events import Ping

from countenance.bench.logins_clips import Clip
from countenance.ceremony.protocol import FrameMessage, pack_frame

PATIENCE_S: Final = 120.0
"""After so long without a verdict a capture counts as lost."""
REQUEST_LIMIT_S: Final = 60.0
BUSY_STATUSES: Final = frozenset({429, 503})
DEFAULT_WAIT_S: Final = 5.0
"""When a busy server does not say how long, as at the upgrade."""


class LostError(Exception):
    """A login that came to no verdict; the message says where it stopped."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    location: str
    retry_after_s: float
    text: str


@dataclass(slots=True)
class Capture:
    """What one capture gave."""

    verdict: Mapping[str, Any]
    """The server's last reply."""
    verdict_s: float
    """From the first frame that was sent to the verdict, seconds."""
    replies_s: list[float] = field(default_factory=list)
    """From each frame to its reply, seconds."""


class Visitor:
    """One browser: own cookies and, behind the proxy that it plays, an own address."""

    def __init__(self, port: int, *, address: str) -> None:
        self._port = port
        self._host = f"127.0.0.1:{port}"
        self._headers = {"X-Forwarded-For": address, "X-Forwarded-Host": self._host}
        self._cookies: dict[str, str] = {}
        self.waits = 0
        """How often the server asked to wait."""

    def log_in(self, *, name: str, password: str, clip: Clip, start: int, fps: float) -> Capture:
        """Go all the way: form, password, camera and, when granted, the first page.

        Args:
            start: number of the clip's frame to begin with.
            fps: of the camera; the server's credit may slow it down.

        Raises: LostError: an error took the place of a verdict.
        """
        token = self._token("/login")
        form = {"name": name, "password": password, "csrf_token": token}
        self._expect(self._ask("POST", "/login", form=form), location="/login/face")
        token = self._token("/login/face")
        capture = self._capture(token, clip, start=start, fps=fps)
        if capture.verdict["granted"]:
            done = self._ask("POST", capture.verdict["next"], form={"csrf_token": token})
            self._expect(done, location="/")
            self._expect(self._ask("GET", "/"), location="")
        return capture

    def _token(self, path: str) -> str:
        answer = self._ask("GET", path)
        found = re.search(r'csrf-token" content="([^"]+)"', answer.text)
        if answer.status != http.client.OK or found is None:
            raise LostError(f"{path} answered {answer.status}")
        return found[1]

    def _expect(self, answer: Answer, *, location: str) -> None:
        if answer.status >= 400 or answer.location != location:
            raise LostError(f"{answer.status} {answer.location}, expected {location or 'a page'}")

    def _ask(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=REQUEST_LIMIT_S)
        sent = {**self._headers, "Cookie": self._cookie(), **(headers or {})}
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urlencode(form) if form else None, sent)
            return self._answer(connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            raise LostError(f"{method} {path}: {type(error).__name__}") from error
        finally:
            connection.close()

    def _answer(self, response: http.client.HTTPResponse) -> Answer:
        for line in response.headers.get_all("Set-Cookie") or []:
            self._cookies |= {name: crumb.value for name, crumb in SimpleCookie(line).items()}
        return Answer(
            status=response.status,
            location=response.headers.get("Location", ""),
            retry_after_s=float(response.headers.get("Retry-After", DEFAULT_WAIT_S)),
            text=response.read().decode(),
        )

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def _capture(self, token: str, clip: Clip, *, start: int, fps: float) -> Capture:
        give_up_at_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_at_s:
            ticket = self._ticket(token, give_up_at_s=give_up_at_s)
            try:
                socket = self._open(ticket)
            except UpgradeRefusedError as error:
                if error.status_code not in BUSY_STATUSES:
                    raise LostError(
                        f"the camera connection answered {error.status_code}"
                    ) from error
                self._wait(DEFAULT_WAIT_S)
                continue
            except OSError as error:
                raise LostError(f"the camera connection: {type(error).__name__}") from error
            return _Conversation(socket, clip, start=start, fps=fps).run()
        raise LostError("the server stayed busy")

    def _ticket(self, token: str, *, give_up_at_s: float) -> str:
        headers = {"X-CSRFToken": token, "Accept": "application/json"}
        while time.monotonic() < give_up_at_s:
            answer = self._ask("POST", "/login/face/ticket", headers=headers)
            if answer.status == http.client.OK:
                return str(json.loads(answer.text)["ticket"])
            if answer.status not in BUSY_STATUSES:
                raise LostError(f"the ticket answered {answer.status}")
            self._wait(answer.retry_after_s)
        raise LostError("the server gave no ticket")

    def _wait(self, seconds: float) -> None:
        self.waits += 1
        time.sleep(seconds)

    def _open(self, ticket: str) -> Client:
        headers = {**self._headers, "Cookie": self._cookie(), "Origin": f"http://{self._host}"}
        url = f"ws://{self._host}/ws/capture?ticket={ticket}"
        socket = Client.connect(url, headers=headers, receive_bytes=65_536)
        # A reply that came together with the upgrade is seen with the next data only.
        socket.sock.sendall(socket.ws.send(Ping()))
        return socket


class _Conversation:
    """Sends new frames while there is credit, at most as fast as the camera, as the page does."""

    def __init__(self, socket: Client, clip: Clip, *, start: int, fps: float) -> None:
        self._socket, self._clip, self._start, self._fps = socket, clip, start, fps
        self._credit, self._sequence, self._shown = 0, 0, -1
        self._began_at_s = time.monotonic()
        self._first_at_s: float | None = None
        self._sent_at_s: dict[int, float] = {}
        self._replies_s: list[float] = []

    def run(self) -> Capture:
        """Raises: LostError: no verdict, or one that tells of a fault of the server."""
        try:
            verdict = self._until_verdict()
        except (ConnectionClosed, OSError) as error:
            raise LostError(f"the camera connection broke: {type(error).__name__}") from error
        finally:
            self._hang_up()
        if verdict["type"] == "error" or verdict["reason"] == "technical":
            raise LostError(f"the capture ended with {verdict.get('code', 'technical')}")
        began_at_s = self._first_at_s or self._began_at_s
        return Capture(verdict, time.monotonic() - began_at_s, self._replies_s)

    def _until_verdict(self) -> Mapping[str, Any]:
        while time.monotonic() - self._began_at_s < PATIENCE_S:
            wait_s = self._send_what_is_due()
            text = self._socket.receive(timeout=wait_s)
            if text is None:
                continue
            reply = json.loads(text)
            if reply["type"] in ("verdict", "error"):
                return dict(reply)
            self._hear(reply)
        raise LostError("no verdict came")

    def _send_what_is_due(self) -> float:
        """Send the camera's newest frame if it may be sent; returns how long to listen."""
        now_s = time.monotonic()
        shown = int((now_s - self._began_at_s) * self._fps)
        if self._credit > 0 and shown > self._shown:
            self._send(self._clip.frame(self._start + shown), at_s=now_s)
            self._shown = shown
        next_at_s = self._began_at_s + (self._shown + 1) / self._fps
        return max(0.001, next_at_s - now_s) if self._credit > 0 else 1.0

    def _send(self, image: bytes, *, at_s: float) -> None:
        if self._first_at_s is None:
            self._first_at_s = at_s
        self._sent_at_s[self._sequence] = at_s
        captured_ms = round(1000 * (at_s - self._began_at_s))
        self._socket.send(pack_frame(FrameMessage(self._sequence, captured_ms, image)))
        self._sequence += 1
        self._credit -= 1

    def _hear(self, reply: Mapping[str, Any]) -> None:
        self._credit += int(reply.get("credit", 0))
        if reply["type"] == "frame":
            self._replies_s.append(time.monotonic() - self._sent_at_s.pop(reply["sequence"]))

    def _hang_up(self) -> None:
        try:
            self._socket.close()
        except (ConnectionClosed, OSError):
            return
