"""Axis-aligned boxes in pixels, origin top left."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with its edges; x grows to the right, y downwards."""

    x0: float
    """Left edge, pixels; may lie outside the image."""
    y0: float
    """Top edge, pixels."""
    x1: float
    """Right edge, pixels; greater than `x0`."""
    y1: float
    """Bottom edge, pixels; greater than `y0`."""

    def __post_init__(self) -> None:
        edges = (self.x0, self.y0, self.x1, self.y1)
        if not all(math.isfinite(edge) for edge in edges):
            raise ValueError(f"box edges must be finite, got {edges}")
        if self.x1 <= self.x0 or self.y1 <= self.y0:
            raise ValueError(f"box must have a positive area, got {edges}")

    @property
    def width_px(self) -> float:
        return self.x1 - self.x0

    @property
    def height_px(self) -> float:
        return self.y1 - self.y0

    @property
    def area_px(self) -> float:
        """Area in square pixels."""
        return self.width_px * self.height_px

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def scaled(self, factor: float) -> Box:
        """The same box in an image resized by `factor`."""
        return Box(self.x0 * factor, self.y0 * factor, self.x1 * factor, self.y1 * factor)

    def grown(self, factor: float) -> Box:
        """The box `factor` times as wide and high around the same centre."""
        cx, cy = self.centre
        half_w, half_h = self.width_px * factor / 2, self.height_px * factor / 2
        return Box(cx - half_w, cy - half_h, cx + half_w, cy + half_h)

    def share_inside(self, width_px: int, height_px: int) -> float:
        """Share of the area that lies inside an image of that size, 0..1."""
        inside_w = min(self.x1, width_px) - max(self.x0, 0.0)
        inside_h = min(self.y1, height_px) - max(self.y0, 0.0)
        if inside_w <= 0 or inside_h <= 0:
            return 0.0
        return inside_w * inside_h / self.area_px


def intersection_over_union(a: Box, b: Box) -> float:
    """Overlap of two boxes, 0 (apart) to 1 (equal).

    >>> intersection_over_union(Box(0, 0, 2, 2), Box(1, 0, 3, 2))
    0.3333333333333333
    """
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.area_px + b.area_px - shared)
