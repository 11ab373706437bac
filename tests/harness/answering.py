"""A visitor without a browser whose camera reads the prompts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from countenance.bench.logins_browser import LostError, Visitor
from countenance.ceremony.protocol import FrameMessage, pack_frame
from countenance.images.codec import encode_jpeg
from countenance.images.image import Image
from tests.harness.performers import Performer
from tests.harness.reflections import Lit

PATIENCE_S: Final = 150.0
JPEG_QUALITY: Final = 90


class AnsweringVisitor(Visitor):
    """Goes the way of the pages; frames are made when they are sent, by what was asked last."""

    said: list[Mapping[str, Any]]
    """Replies of the last capture."""

    def perform(
        self,
        performer: Performer,
        *,
        name: str,
        password: str,
        fps: float = 15.0,
        camera: str | None = None,
        clock: Callable[[float], int] = lambda at_s: round(1000 * at_s),
    ) -> Mapping[str, Any]:
        """Log in with a password and this performer before the camera; returns the verdict.

        Args:
            camera: label of the camera that is told before the first frame; None tells nothing.
            clock: what is told as the time of a frame, ms, for the seconds that have passed.

        Raises: LostError: an error took the place of a verdict.
        """
        self._expect(
            self._ask(
                "POST",
                "/login",
                form={
                    "name": name,
                    "password": password,
                    "csrf_token": self._token("/login"),
                },
            ),
            location="/login/face",
        )
        token = self._token("/login/face")
        verdict = self._answer_prompts(token, performer, fps=fps, camera=camera, clock=clock)
        if verdict["granted"]:
            done = self._ask("POST", verdict["next"], form={"csrf_token": token})
            self._expect(done, location="/")
            self._expect(self._ask("GET", "/"), location="")
        return verdict

    def _answer_prompts(
        self,
        token: str,
        performer: Performer,
        *,
        fps: float,
        camera: str | None,
        clock: Callable[[float], int],
    ) -> Mapping[str, Any]:
        began_s = time.monotonic()
        socket = self._open(self._ticket(token, give_up_at_s=began_s + PATIENCE_S))
        self.said = []
        if camera is not None:
            socket.send(json.dumps({"type": "camera", "label": camera}))
        credit, sequence, prompt, next_s = 0, 0, None, began_s
        try:
            while time.monotonic() - began_s < PATIENCE_S:
                now_s = time.monotonic()
                if credit > 0 and now_s >= next_s:
                    frame = performer.frame(prompt, at_s=now_s - began_s)
                    if not isinstance(frame, bytes):
                        frame = encode_jpeg(Image(frame), quality=JPEG_QUALITY)
                    at_ms = clock(now_s - began_s)
                    socket.send(pack_frame(FrameMessage(sequence, at_ms, frame)))
                    credit, sequence, next_s = credit - 1, sequence + 1, now_s + 1 / fps
                text = socket.receive(timeout=max(0.001, next_s - now_s) if credit else 1.0)
                if text is None:
                    continue
                reply = json.loads(text)
                self.said.append(reply)
                if reply["type"] == "verdict":
                    return dict(reply)
                if reply["type"] == "error":
                    raise LostError(f"the capture ended with {reply['code']}")
                credit += int(reply.get("credit", 0))
                prompt = reply.get("prompt")
                if isinstance(performer, Lit):
                    performer.show(reply.get("colour"), at_s=time.monotonic() - began_s)
        finally:
            socket.close()
        raise LostError("no verdict came")
