"""What the server says during a capture. Never a score; in a login never the exact reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NewType

Reply = NewType("Reply", Mapping[str, object])
"""One JSON object."""


@dataclass(frozen=True, slots=True)
class FrameView:
    """What the person may be shown of one frame."""

    box_xyxy: tuple[float, float, float, float] | None
    """Shares of the frame, 0..1; None when no face is there."""
    hint: str
    """`ceremony.evidence.Hint`; never one that contradicts the prompt."""
    prompt: str | None
    """`ceremony.enrolment.Prompt` or `ceremony.challenge.Move`; None when nothing is asked."""
    progress: tuple[int, int]
    """Good frames so far and frames needed."""
    is_good: bool
    """Whether the frame moved the progress on."""
    reach: float = 0.0
    """How much of the move that is asked for is made, 0..1."""
    moves: tuple[int, int] | None = None
    """Moves made and moves asked for; None outside of a challenge."""
    colour: str | None = None
    """`ceremony.palette.Colour` that the screen has to show now; None for the page as it is."""
    colours: tuple[int, int] | None = None
    """Colours shown before this one, and colours in all; None before the first."""


def ready(*, credit: int, frames_needed: int, time_limit_s: float, purpose: str) -> Reply:
    """The first reply: how much may be sent and what is needed."""
    return Reply(
        {
            "type": "ready",
            "credit": credit,
            "frames_needed": frames_needed,
            "time_limit_s": time_limit_s,
            "purpose": purpose,
        }
    )


def frame(sequence: int, view: FrameView, *, credit: int = 1) -> Reply:
    """The answer to one frame; `credit` is how many more may be sent than before."""
    box = view.box_xyxy
    return Reply(
        {
            "type": "frame",
            "sequence": sequence,
            "box": None if box is None else [round(min(1.0, max(0.0, edge)), 4) for edge in box],
            "hint": view.hint,
            "prompt": view.prompt,
            "progress": list(view.progress),
            "good": view.is_good,
            "reach": round(view.reach, 2),
            "moves": None if view.moves is None else list(view.moves),
            "colour": view.colour,
            "colours": None if view.colours is None else list(view.colours),
            "credit": credit,
        }
    )


def verdict(
    *,
    granted: bool,
    reason: str | None,
    next_url: str,
    tries_left: int,
    wait_s: int = 0,
    note: str | None = None,
) -> Reply:
    """The last reply of a capture that reached its end.

    Args:
        reason: of a login the public one; of an enrolment the exact one.
        tries_left: captures that may still follow without beginning anew.
        wait_s: seconds before a further one.
        note: a code for something the person should know besides; None for nothing.
    """
    return Reply(
        {
            "type": "verdict",
            "granted": granted,
            "reason": reason,
            "next": next_url,
            "tries_left": tries_left,
            "wait_s": wait_s,
            "note": note,
        }
    )


def error(code: str, message: str) -> Reply:
    """The last reply of a capture that a broken protocol or machine ended."""
    return Reply({"type": "error", "code": code, "message": message})


def encode(reply: Reply) -> str:
    """One line of JSON."""
    return json.dumps(reply, separators=(",", ":"))
