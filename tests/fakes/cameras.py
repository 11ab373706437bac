"""A client of the capture socket that does what a test says, politely or not."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import websocket

from countenance.ceremony.protocol import FrameMessage, pack_frame
from tests.fakes.doors import DEVICE, PENDING, Visit

OPEN: list[Camera] = []
"""Those that `close_all` hangs up."""


def close_all() -> None:
    """Hang up whatever a test left open."""
    while OPEN:
        OPEN.pop().socket.shutdown()


class Camera:
    """One open capture."""

    def __init__(
        self,
        host: str,
        visit: Visit,
        ticket: str,
        *,
        origin: str | None = None,
        mark: str = "",
        path: str = "/ws/capture",
    ) -> None:
        cookies = {name: visit.cookie(name) for name in (PENDING, DEVICE)}
        self.socket = websocket.create_connection(
            f"ws://{host}{path}?ticket={ticket}&camera={mark}",
            cookie="; ".join(f"{name}={value}" for name, value in cookies.items() if value),
            origin=origin or f"http://{host}",
            timeout=20,
        )
        OPEN.append(self)
        self.sequence = 0
        self.said: list[dict[str, Any]] = []

    def hear(self) -> dict[str, Any]:
        """The next reply; `{}` when the server has hung up."""
        try:
            text = self.socket.recv()
        except (websocket.WebSocketException, OSError):
            return {}
        reply: dict[str, Any] = json.loads(text) if text else {}
        if reply:
            self.said.append(reply)
        return reply

    def show(self, image: bytes) -> dict[str, Any]:
        """Send one frame and hear the reply."""
        self.send(image)
        return self.hear()

    def send(self, image: bytes, *, at_ms: int | None = None) -> None:
        # Not evenly, as no browser does.
        at_ms = 31 * self.sequence + self.sequence**2 % 7 if at_ms is None else at_ms
        self.socket.send_binary(pack_frame(FrameMessage(self.sequence, at_ms, image)))
        self.sequence += 1

    def show_all(self, images: Iterable[bytes]) -> dict[str, Any]:
        """Send frames until the verdict; returns it, or the last reply."""
        reply: dict[str, Any] = {}
        for image in images:
            reply = self.show(image)
            if reply.get("type") != "frame":
                return reply
        return self.hear() if reply.get("type") == "frame" else reply

    def last(self) -> dict[str, Any]:
        """Hear all that still comes; the last reply."""
        while self.hear():
            pass
        return self.said[-1] if self.said else {}

    def close(self) -> None:
        self.socket.close()

    def vanish(self) -> None:
        """Lose the connection without a word."""
        self.socket.shutdown()
