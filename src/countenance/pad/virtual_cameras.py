"""Cameras that are programs: what they call themselves when nobody renames them.

A program that stands in for a camera is the way to inject a recording without touching the
browser. Whoever does touch the browser, or renames the device, is not met by this list; it only
keeps out whoever took the first program they found. Programs that pass on a telephone's camera
are left out, for there is a camera behind them.
"""

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = {
    "obs": r"\bobs\b|obs[- ]?(virtual|camera)",
    "manycam": r"many\s?cam",
    "v4l2loopback": r"v4l2[- ]?loopback|dummy video device",
    "chromium_fake_device": r"fake[_ ]device",
    "xsplit": r"xsplit|splitcam|\bvcam\b",
    "snap_camera": r"snap camera|lens studio",
    "akvcam": r"\bakvcam\b|webcamoid",
    "e2esoft": r"e2esoft|sparkocam|alter\s?cam|cyberlink youcam|camtwist|webcammax|fake ?webcam",
    "nvidia_broadcast": r"nvidia broadcast|camera \(nvidia",
    "mmhmm": r"\bmmhmm\b|\bprezi (camera|video)\b",
    "unity_capture": r"unity (video )?capture|spout ?cam|\bndi (video|webcam)|newtek ndi",
    "deepfake": r"deep\s?face\s?(live|cam)|deep[- ]?live[- ]?cam|avatarify|swapface|xpression",
    "other": r"virtual (video )?(cam|camera|webcam)\b|screen capture|screen-capture",
}
_PATTERNS: Final = {name: re.compile(words, re.IGNORECASE) for name, words in _NAMES.items()}


def virtual_camera(label: str) -> str | None:
    """Which program a camera's label names.

    Args:
        label: `MediaStreamTrack.label`, as the browser tells it.

    Returns: the name of a family, fit to be written down; None for any other label.

    >>> virtual_camera("OBS Virtual Camera")
    'obs'
    >>> virtual_camera("Integrated Camera (04f2:b6d9)")
    """
    return next((name for name, words in _PATTERNS.items() if words.search(label)), None)
