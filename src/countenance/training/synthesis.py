"""Synthetic prints and paper masks, drawn over bona fide frames.

Attacks on paper are rare in public data, so bona fide frames are turned into them: a printed
photograph held before the face, or a printed face worn with holes for eyes and mouth. They teach
the detector that paper exists; they are never part of a measured figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.training.degradation import Pixels, add_noise, recompress

BENT = 1 / 3
CUT_OUT = 1 / 5

Points = NDArray[np.float32]
Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FaceInFrame:
    """A frame whose face is known."""

    pixels: Pixels
    """(height, width, 3) uint8."""
    box: Box
    landmarks: Points
    """(5, 2) pixels: right eye, left eye, nose, right and left corner of the mouth."""


def synthetic_print(scene: FaceInFrame, donor: FaceInFrame, rng: np.random.Generator) -> Pixels:
    """Hold a print of the donor's face before the face of the scene.

    The sheet shows 1.15 to 3.2 faces, has another tone than the scene, perhaps a white border, a
    gloss and a shadow behind it, and is seen in perspective. One in three is bent about its
    height, one in five cut out along the head.

    Returns: pixels of the scene's shape.
    """
    sheet = _printed(_around(donor, rng.uniform(1.15, 3.2), rng), rng)
    if rng.random() < 0.5:
        sheet = _with_border(sheet, rng)
    sheet, shape = _with_gloss(sheet, rng), np.ones(sheet.shape[:2], np.float32)
    if rng.random() < CUT_OUT:
        shape = _head_shape(sheet, rng)
    if rng.random() < BENT:
        sheet, shape = _bent(sheet, shape, rng)
    corners = _held(sheet, scene.box, donor.box, rng)
    return _finish(_paste(scene.pixels, sheet, shape, corners, rng), rng)


def synthetic_paper_mask(
    scene: FaceInFrame, donor: FaceInFrame, rng: np.random.Generator
) -> Pixels:
    """Let the person of the scene wear the donor's printed face, eyes and mouth cut out.

    Returns: pixels of the scene's shape.
    """
    height, width = scene.pixels.shape[:2]
    place, _ = cv2.estimateAffinePartial2D(donor.landmarks, scene.landmarks)
    if place is None:
        return synthetic_print(scene, donor, rng)
    place = np.asarray(place, np.float64)
    grow = rng.uniform(1.0, 1.12)
    centre = scene.landmarks.mean(axis=0)
    place = np.column_stack([place[:, :2] * grow, place[:, 2] * grow + (1 - grow) * centre])
    paper = cv2.warpAffine(_printed(donor.pixels, rng), place, (width, height))
    cover = _mask_shape(scene, rng)
    shaded = _with_shadow(scene.pixels, cover, scene.box.width_px, rng)
    return _finish(_blend(shaded, np.asarray(paper, np.uint8), cover), rng)


def _around(donor: FaceInFrame, faces: float, rng: np.random.Generator) -> Pixels:
    """The donor's frame around its face; as much as there is of `faces` face widths."""
    height, width = donor.pixels.shape[:2]
    box = donor.box.grown(faces)
    stretch = rng.uniform(0.9, 1.15)
    (_, cy), half = donor.box.centre, box.height_px * stretch / 2
    x0, x1 = max(0, int(box.x0)), min(width, int(box.x1) + 1)
    y0, y1 = max(0, int(cy - half)), min(height, int(cy + half) + 1)
    part = donor.pixels[y0:y1, x0:x1]
    return part if part.size else donor.pixels


def _printed(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The tone of ink on paper: lifted black, duller white, less colour, a cast, less detail."""
    real = pixels.astype(np.float32)
    grey = real.mean(axis=2, keepdims=True)
    real = grey + (real - grey) * rng.uniform(0.35, 1.15)
    black, white = rng.uniform(10, 60), rng.uniform(170, 250)
    real = black + real / 255 * (white - black)
    real *= rng.uniform(0.9, 1.08, size=3).astype(np.float32)
    if rng.random() < 0.6:
        real = np.asarray(cv2.GaussianBlur(real, (0, 0), rng.uniform(0.4, 1.6)))
    return np.clip(real, 0, 255).astype(np.uint8)


def _with_border(sheet: Pixels, rng: np.random.Generator) -> Pixels:
    edge = max(2, round(min(sheet.shape[:2]) * rng.uniform(0.02, 0.12)))
    tone = rng.uniform(170, 245)
    colour = [float(tone * c) for c in rng.uniform(0.95, 1.03, size=3)]
    return np.asarray(
        cv2.copyMakeBorder(sheet, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=colour),
        np.uint8,
    )


def _with_gloss(sheet: Pixels, rng: np.random.Generator) -> Pixels:
    """A soft highlight or fall-off of light across the sheet."""
    height, width = sheet.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    cx, cy = rng.uniform(0, width), rng.uniform(0, height)
    spread = rng.uniform(0.2, 0.7) * max(height, width)
    spot = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * spread**2))
    light = sheet + spot[..., None] * rng.uniform(-30, 70)
    return np.asarray(np.clip(light, 0, 255), np.uint8)


def _head_shape(sheet: Pixels, rng: np.random.Generator) -> Plane:
    """1 on the oval of a head in the middle of the sheet, perhaps with the shoulders below."""
    height, width = sheet.shape[:2]
    shape = np.zeros((height, width), np.float32)
    axes = round(width * rng.uniform(0.34, 0.48)), round(height * rng.uniform(0.4, 0.5))
    cv2.ellipse(shape, (width // 2, height // 2), axes, 0, 0, 360, 1.0, -1)
    if rng.random() < 0.5:
        shape[round(height * rng.uniform(0.75, 0.9)) :] = 1.0
    return shape


def _bent(sheet: Pixels, shape: Plane, rng: np.random.Generator) -> tuple[Pixels, Plane]:
    """Sheet and shape around an upright cylinder: narrower, darker and bowed at the sides."""
    height, width = sheet.shape[:2]
    half_turn = rng.uniform(0.4, 1.2)
    across = np.linspace(-1, 1, width, dtype=np.float32)
    turned = np.arcsin(across * np.sin(half_turn))
    away = 1 - np.cos(turned)
    x = np.tile((turned / half_turn + 1) / 2 * (width - 1), (height, 1)).astype(np.float32)
    bow = rng.uniform(-0.08, 0.08) * height * away
    y = (np.arange(height)[:, None] + bow[None]).astype(np.float32)
    moved = cv2.remap(sheet, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.remap(shape, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    lit = moved * (1 - rng.uniform(0, 0.5) * away)[None, :, None]
    return np.clip(lit, 0, 255).astype(np.uint8), np.asarray(cover, np.float32)


def _held(sheet: Pixels, face: Box, printed: Box, rng: np.random.Generator) -> Points:
    """Corners of the sheet in the scene, so that its face is about as large as the one it hides."""
    height, width = sheet.shape[:2]
    scale = face.width_px / printed.width_px * rng.uniform(0.8, 1.5)
    half = np.array([width, height]) * scale / 2
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    corners = signs * half * (1 + rng.uniform(-0.08, 0.08, size=(4, 2)))
    turn = np.deg2rad(rng.normal(0, 6))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shift = rng.uniform(-0.15, 0.15, size=2) * face.width_px
    return np.asarray(corners @ rotation.T + face.centre + shift, np.float32)


def _paste(
    scene: Pixels, sheet: Pixels, shape: Plane, corners: Points, rng: np.random.Generator
) -> Pixels:
    height, width = scene.shape[:2]
    sheet_height, sheet_width = sheet.shape[:2]
    own = np.array(
        [[0, 0], [sheet_width, 0], [sheet_width, sheet_height], [0, sheet_height]], np.float32
    )
    matrix = cv2.getPerspectiveTransform(own, corners)
    paper = cv2.warpPerspective(sheet, matrix, (width, height), flags=cv2.INTER_AREA)
    moved = cv2.warpPerspective(shape, matrix, (width, height), flags=cv2.INTER_LINEAR)
    cover = np.asarray(cv2.GaussianBlur(moved, (0, 0), 0.8), np.float32)
    shaded = _with_shadow(scene, cover, float(np.ptp(corners[:, 0])), rng)
    return _blend(shaded, np.asarray(paper, np.uint8), cover)


def _mask_shape(scene: FaceInFrame, rng: np.random.Generator) -> Plane:
    """1 where paper lies: an oval about the face less eyes, mouth and sometimes the nose."""
    cover = np.zeros(scene.pixels.shape[:2], np.float32)
    eyes = float(np.hypot(*(scene.landmarks[1] - scene.landmarks[0]))) or 1.0
    (cx, cy), size = scene.box.centre, (scene.box.width_px, scene.box.height_px)
    axes = (round(size[0] * rng.uniform(0.5, 0.62)), round(size[1] * rng.uniform(0.5, 0.62)))
    cv2.ellipse(cover, (round(cx), round(cy)), axes, 0, 0, 360, 1.0, -1)
    mouth = (scene.landmarks[3] + scene.landmarks[4]) / 2
    holes = [(point, 0.22, 0.12) for point in scene.landmarks[:2]] + [(mouth, 0.3, 0.12)]
    if rng.random() < 0.5:
        holes.append((scene.landmarks[2], 0.16, 0.18))
    for point, wide, high in holes:
        if rng.random() < 0.85:
            hole = (
                round(eyes * wide * rng.uniform(0.8, 1.4)),
                round(eyes * high * rng.uniform(0.8, 1.5)),
            )
            cv2.ellipse(cover, np.rint(point).astype(int).tolist(), hole, 0, 0, 360, 0.0, -1)
    return np.asarray(cv2.GaussianBlur(cover, (0, 0), 0.8))


def _with_shadow(scene: Pixels, cover: Plane, width: float, rng: np.random.Generator) -> Pixels:
    offset = rng.uniform(-0.05, 0.05, size=2) * width
    move = np.array([[1, 0, offset[0]], [0, 1, abs(offset[1])]], np.float64)
    shadow = cv2.warpAffine(cover, move, cover.shape[::-1])
    shadow = cv2.GaussianBlur(shadow, (0, 0), max(1.0, width * rng.uniform(0.01, 0.05)))
    darker = scene * (1 - rng.uniform(0, 0.45) * np.asarray(shadow)[..., None])
    return np.clip(darker, 0, 255).astype(np.uint8)


def _blend(below: Pixels, above: Pixels, cover: Plane) -> Pixels:
    share = cover[..., None]
    return np.clip(below * (1 - share) + above * share, 0, 255).astype(np.uint8)


def _finish(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The camera looks at paper and scene alike."""
    return recompress(add_noise(pixels, rng, 4.0), int(rng.integers(70, 97)))
