"""Synthetic prints and paper masks, drawn over bona fide frames.

Attacks on paper are rare in public data, so bona fide frames are turned into them: a printed
photograph held before the face, or a printed face worn with holes for eyes and mouth, mostly with
the hand that holds it. They teach the detector that paper exists; they are never part of a measured
figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.training.degradation import Pixels, add_noise, recompress
from countenance.training.hands import Grip, draw_hand, skin_tone
from countenance.training.paper import around, bent, head_shape, printed, with_border, with_gloss

BENT = 1 / 3
"""Share of the prints that are bent about their height."""
CUT_OUT = 0.35
"""Share of the prints that are cut out along the head."""
HELD = 0.7
"""Share of prints and masks that show a hand; the others stand, or are tied on."""
SECOND_HAND = 0.25
LARGER_MASK = 0.6
"""Share of the masks that reach over hair and neck."""

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
    gloss and a shadow behind it, and is seen in perspective; it may be bent, cut out along the
    head, and held by one hand or two.

    Returns: pixels of the scene's shape.
    """
    part = around(donor.pixels, donor.box, rng.uniform(1.15, 3.2), rng)
    sheet = printed(part, rng)
    if rng.random() < 0.5:
        sheet = with_border(sheet, rng)
    sheet, shape = with_gloss(sheet, rng), np.ones(sheet.shape[:2], np.float32)
    if rng.random() < CUT_OUT:
        shape = head_shape(sheet, rng)
    if rng.random() < BENT:
        sheet, shape = bent(sheet, shape, rng)
    corners = _held(sheet, scene.box, donor.box, rng)
    attack = _paste(scene.pixels, sheet, shape, corners, rng)
    if rng.random() < HELD:
        for _ in range(2 if rng.random() < SECOND_HAND else 1):
            attack = _with_hand(attack, scene, _extent(corners), rng)
    return _finish(attack, rng)


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
    grow = rng.uniform(1.0, 1.3)
    centre = scene.landmarks.mean(axis=0)
    place = np.column_stack([place[:, :2] * grow, place[:, 2] * grow + (1 - grow) * centre])
    paper = cv2.warpAffine(
        printed(donor.pixels, rng), place, (width, height), borderMode=cv2.BORDER_REPLICATE
    )
    larger = rng.uniform(1.0, 1.35) if rng.random() < LARGER_MASK else 1.0
    worn = FaceInFrame(scene.pixels, scene.box.grown(larger), scene.landmarks)
    cover = _mask_shape(worn, rng)
    shaded = _with_shadow(scene.pixels, cover, scene.box.width_px, rng)
    attack = _blend(shaded, np.asarray(paper, np.uint8), cover)
    if rng.random() < HELD:
        attack = _with_hand(attack, scene, worn.box.grown(1.1), rng)
    return _finish(attack, rng)


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


def _extent(corners: Points) -> Box:
    (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return Box(x0, y0, x1, y1)


def _with_hand(pixels: Pixels, scene: FaceInFrame, held: Box, rng: np.random.Generator) -> Pixels:
    """A hand at the edge of what is held, mostly from below, in the tone of the scene's face."""
    angle = rng.uniform(0, np.pi) if rng.random() < 0.75 else rng.uniform(0, 2 * np.pi)
    outward = np.array([np.cos(angle), np.sin(angle)])
    half = np.array([held.width_px, held.height_px]) / 2
    at = np.array(held.centre) + outward * half * rng.uniform(0.85, 1.02)
    grip = Grip(at, -outward, scene.box.width_px * rng.uniform(0.45, 0.75))
    return draw_hand(pixels, grip, skin_tone(scene.pixels, scene.landmarks), rng)


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
