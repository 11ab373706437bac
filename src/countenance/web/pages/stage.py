"""What a camera page of a login has to say before the camera opens."""

from __future__ import annotations

from typing import Any

from countenance.ceremony.colour import ColourPolicy
from countenance.ceremony.policy import PolicyName
from countenance.settings import LoginSettings


def stage_of(settings: LoginSettings) -> dict[str, Any]:
    """Variables of `stage.html`: where the screen will change its colour, a notice comes first."""
    shows_colours = settings.policy == PolicyName.STRICT
    return {
        "frames": settings.frames,
        "begin": _notice(ColourPolicy()) if shows_colours else None,
        "offers_moves": shows_colours and settings.without_colour == "moves",
    }


def _notice(colours: ColourPolicy) -> dict[str, str]:
    """Whom changing light harms has to know before it begins, and what there is instead."""
    seconds = round(colours.steps * colours.step_s + colours.lead_s + colours.tail_s)
    return {
        "line": "The screen will change its colour",
        "detail": (
            f"After the moves the whole screen fades through {colours.steps} colours in about "
            f"{seconds} seconds, without flashes. Turn its brightness up. If changing light is "
            "bad for you, choose another way now."
        ),
        "button": "Continue",
    }
