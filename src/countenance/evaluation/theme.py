"""Colours of reports, light and dark: those of the web pages."""

from __future__ import annotations

from typing import Final

TOKENS: Final = {
    "paper": "#f6f7f5",
    "surface": "#ffffff",
    "ink": "#16201f",
    "muted": "#55625f",
    "line": "#d6dbd7",
    "accent": "#0b6b5b",
    "bad": "#b3261e",
    "info": "#1f5fa8",
    "warn": "#8a5a00",
}
"""Name of a custom property of the page to its colour in light."""
DARK: Final = {
    "paper": "#0f1514",
    "surface": "#171f1e",
    "ink": "#e9efec",
    "muted": "#9fb0aa",
    "line": "#2a3634",
    "accent": "#45c4a6",
    "bad": "#ff8a7f",
    "info": "#84b6f2",
    "warn": "#f0b84a",
}
SERIES: Final = (TOKENS["accent"], TOKENS["bad"], TOKENS["info"], TOKENS["warn"])
"""Colours of the lines of a chart, in their order; dashes tell them apart as well."""


def custom_properties() -> str:
    """The style rules that define every token, for the scheme that the reader prefers."""
    light = "".join(f"--{name}:{colour};" for name, colour in TOKENS.items())
    dark = "".join(f"--{name}:{colour};" for name, colour in DARK.items())
    return (
        f":root{{color-scheme:light dark;{light}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    )
