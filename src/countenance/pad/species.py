"""Kinds of presentation attack instruments (PAI species, ISO/IEC 30107-1)."""

from __future__ import annotations

from enum import StrEnum


class PaiSpecies(StrEnum):
    """What an attacker presents to the camera."""

    PRINT = "print"
    """A face on paper: flat, bent or cut out."""
    REPLAY_PHONE = "replay_phone"
    """A picture or video on a phone or tablet."""
    REPLAY_MONITOR = "replay_monitor"
    """A picture or video on a monitor, laptop or television."""
    REPLAY = "replay"
    """A replay on a screen whose kind is not recorded."""
    PAPER_MASK = "paper_mask"
    """A printed face worn or held, with eyes, nose or mouth cut out."""
    MASK_3D = "mask_3d"
    """A rigid or soft mask with the shape of a face."""
    UNKNOWN = "unknown"
    """An attack whose instrument is not recorded."""


def parse_species(text: str) -> PaiSpecies:
    """Return the species of that name; `UNKNOWN` for an empty or unheard-of one.

    >>> parse_species("print")
    <PaiSpecies.PRINT: 'print'>
    """
    try:
        return PaiSpecies(text.strip().lower())
    except ValueError:
        return PaiSpecies.UNKNOWN
