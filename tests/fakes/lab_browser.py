"""A page of the lab without a browser: says what it wants, sends frames or a file, listens."""

from __future__ import annotations

import json
from typing import Any

import websocket

from countenance.ceremony.protocol import FrameMessage, pack_frame
from tests.fakes.doors import SESSION, Visit

OPEN: list[LabBrowser] = []
"""Those that `close_all` hangs up."""


def close_all() -> None:
    """Hang up whatever a test left open."""
    while OPEN:
        OPEN.pop().socket.shutdown()


class LabBrowser:
    """One open conversation."""

    def __init__(self, host: str, visit: Visit, *, origin: str | None = None) -> None:
        self.socket = websocket.create_connection(
            f"ws://{host}/ws/lab",
            cookie=f"{SESSION}={visit.cookie(SESSION)}",
            origin=origin or f"http://{host}",
            timeout=20,
        )
        OPEN.append(self)
        self.sequence = 0

    def want(self, **wish: Any) -> dict[str, Any]:
        """Send the first message and hear the reply."""
        self.socket.send(json.dumps(wish))
        return self.hear()

    def hear(self) -> dict[str, Any]:
        """The next reply; `{}` when the server has hung up."""
        try:
            text = self.socket.recv()
        except (websocket.WebSocketException, OSError):
            return {}
        return dict(json.loads(text)) if text else {}

    def show(self, image: bytes) -> dict[str, Any]:
        """Send one frame of the camera and hear the reply."""
        self.socket.send_binary(pack_frame(FrameMessage(self.sequence, 0, image)))
        self.sequence += 1
        return self.hear()

    def give(self, content: bytes, *, piece_bytes: int) -> list[dict[str, Any]]:
        """Send a file whole; all replies up to the last one."""
        for at in range(0, len(content), piece_bytes):
            self.socket.send_binary(content[at : at + piece_bytes])
            reply = self.hear()
            if reply["type"] != "piece":
                return [reply]
        return self.rest()

    def stop(self) -> dict[str, Any]:
        """Ask for the end; the last reply."""
        self.socket.send("stop")
        return self.rest()[-1]

    def rest(self) -> list[dict[str, Any]]:
        """All replies up to the last one."""
        told = []
        while reply := self.hear():
            told.append(reply)
            if reply["type"] in {"done", "error"}:
                break
        return told

    def close(self) -> None:
        self.socket.close()
