"""Whether points that moved lie on a sheet: a picture moves by a homography, a head does not.

A picture may be bent, but paper bends one way only; a head is curved both ways, and has a nose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(n, 2) float64, x and y in pixels."""
Homography = NDArray[np.float64]
"""(3, 3) float64, maps homogeneous points of the first view to the second."""

MIN_POINTS: Final = 16
"""Fewer points than this tell nothing: four of them fix the homography already."""
OFF_PLANE: Final = 0.02
"""A point farther than this share of the unit from where the plane puts it is off the plane."""
EYE_BAND: Final = 0.3
"""Points nearer than this to the line through the eyes, in units, are left out of `depth`: what can
be seen there through a hole that shows a whole eye, of 63 mm between the eyes 19 mm up and down."""
MIN_BESIDE: Final = 12
"""Least number of points outside of that band."""
MIN_TURN_DEG: Final = 14.0
"""A smaller turn counts as this one. Whoever begins 11 degrees aside, still looking ahead, has 9 to
go; so small a turn would make the trembling of the points look deep."""
_FOLDS: Final = 12
"""Directions tried in which a sheet may be bent: every 15 degrees."""
_CURVE: Final = (2, 3, 4)
"""Powers of the place that make the curve of a sheet; a plane has the lower ones already."""
_NOSE: Final = (0.5, 0.55)
"""Of a face that looks ahead, along the eyes from the first one and below them, in units."""
_TRIALS: Final = 160
"""Planes tried; with a third of the points on one, the chance to miss it is one in seven."""
_SEED: Final = 30107


@dataclass(frozen=True, slots=True)
class Planarity:
    """How badly one plane explains the way that points moved between two views."""

    rms: float
    """Root mean square distance from the best plane's prediction, in units (eye distances)."""
    off_plane_share: float
    """Share of points off the plane that explains most of them, 0..1."""
    points: int
    """How many points it was measured on; at least `MIN_POINTS`."""
    depth: float
    """How deep the face is without its eyes, in units: what `rms` is of the points outside of
    `EYE_BAND` alone, over the sine of the turn. What lies before a plane by a unit moves against it
    by the sine of the turn, so this does not grow with the turn as `rms` does."""
    bulge: float
    """How much of that depth is left when a sheet that is bent one way is laid on, in units: about
    0.04 is what following the points on a bent picture costs."""
    off_sheet_share: float
    """Share of the way beyond one plane that the best sheet bent one way leaves, 0..1. Points that
    are followed badly make it no larger on a sheet that is bent a lot, as they do `bulge`."""
    skew: float
    """Share of the squared way beyond one plane that makes the two sides of the face unlike, 0..1.
    A face is the same left and right, and so is a sheet bent about an upright or a level line; one
    that leans is not."""


def measure_planarity(
    before: Points, after: Points, *, eyes: Points, unit_px: float, turn_deg: float
) -> Planarity | None:
    """Compare the motion of points with that of a plane.

    A picture that is turned, tilted or brought closer gives small values, a head that turns gives
    large ones; a bent picture lies between, nearer to the picture. A picture with holes through
    which living eyes look gives large ones, too, but for the depth of what is beside the eyes.

    Args:
        before: the points in the first view.
        after: the same points, in the same order, in the second view.
        eyes: (2, 2), the eyes in the first view.
        unit_px: length that the distances are measured in, pixels of the second view; the eye
            distance of the face.
        turn_deg: by how much the face claims to have turned between the views, degrees; of less
            than `MIN_TURN_DEG` no depth can be told, and it counts as that much.

    Returns: None when there are fewer than `MIN_POINTS`, or fewer than `MIN_BESIDE` beside the
        eyes, or when they are all on a line.
    Source: Hartley and Zisserman, Multiple View Geometry, 2nd ed., sections 4.1, 4.4, 4.7.
    """
    if len(before) < MIN_POINTS:
        return None
    places = _from_eyes(before, eyes=eyes) / unit_px
    beside = np.abs(places[:, 1]) > EYE_BAND
    rms = _rms(before, after, unit_px=unit_px)
    beside_rms = _rms(before[beside], after[beside], unit_px=unit_px)
    if rms is None or beside_rms is None or beside.sum() < MIN_BESIDE:
        return None
    moved = _from_eyes(after, eyes=eyes)[:, 0] / unit_px - places[:, 0]
    sine = float(np.sin(np.radians(np.clip(abs(turn_deg), MIN_TURN_DEG, 90.0))))
    return Planarity(
        rms=rms,
        off_plane_share=_off_plane_share(before, after, tolerance_px=OFF_PLANE * unit_px),
        points=len(before),
        depth=beside_rms / sine,
        bulge=_off_sheet(places[beside], moved[beside]) / sine,
        off_sheet_share=_off_sheet_share(
            places[beside], _from_eyes(after[beside], eyes=eyes) / unit_px
        ),
        skew=_skew(places, _from_eyes(after, eyes=eyes) / unit_px),
    )


def _from_eyes(points: Points, *, eyes: Points) -> Points:
    """Points by their place along the line through the eyes, from the first eye, and below it."""
    along = (eyes[1] - eyes[0]) / max(float(np.hypot(*(eyes[1] - eyes[0]))), 1e-6)
    return np.asarray((points - eyes[0]) @ np.array([along, [-along[1], along[0]]]).T, np.float64)


def _off_sheet(places: Points, moved: NDArray[np.float64]) -> float:
    """How far points move from where the best sheet that is bent one way would take them.

    In a small turn each point moves along the turn by its depth and linearly with its place. A
    sheet is as deep along its fold everywhere, so its depth is a curve, here a cubic, over one
    direction. Of a sheet folded upright the perspective is taken into account, too.

    Args:
        places: (n, 2), n above 6, x and y in units.
        moved: (n,), along x, in units.

    Returns: standard deviation of what is left, of the best of `_FOLDS` directions, in units.
    """
    x, y = places.T
    plane = [np.ones_like(x), x, y]
    sheets = [np.stack([*plane, x * y, x**2, x**3], axis=1)]
    for angle in np.arange(_FOLDS) * np.pi / _FOLDS:
        over = x * np.cos(angle) + y * np.sin(angle)
        sheets.append(np.stack([*plane, over**2, over**3], axis=1))
    return min(_misfit(sheet, moved) for sheet in sheets)


def _off_sheet_share(before: Points, after: Points) -> float:
    """What the best sheet leaves of the way that points go beyond one plane, along the eyes.

    Exact but for the change of distance: seen in perspective, the points of a plane move by a
    homography, and those before it by a further way along the turn, in proportion to how near they
    are. On a sheet that is a curve, here a quartic, over one direction. The perspective is that of
    all points, up and down, too, so a curve across the fold cannot pass for it.

    Args:
        before: (n, 2), n above `len(_CURVE)` + 5, in units, the eyes level.
        after: the same.

    Returns: ratio of mean distances, each for its number of unknowns; the least of `_FOLDS`.
    Source: plane and parallax, Hartley and Zisserman, 2nd ed., section 13.3.
    """
    count, unknowns = len(before), 5
    # Eight unknowns of the plane, of which a motion along the eyes has five.
    plane, beyond = _beyond_plane(before, after)
    first = before - before.mean(axis=0)
    angles = np.arange(_FOLDS) * np.pi / _FOLDS
    over = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ first.T
    curves = np.stack([over**power for power in _CURVE], axis=2)
    sheets, _ = np.linalg.qr(_along(plane, curves))
    left = np.abs(_left(sheets, beyond[:, None]))[:, :count, 0].mean(axis=1).min()
    scale = np.sqrt((count - unknowns) / (count - unknowns - len(_CURVE)))
    return float(scale * left / max(float(np.abs(beyond[:count]).mean()), 1e-9))


def _skew(before: Points, after: Points) -> float:
    """Share that depth like x * y adds to what depth that is even in x explains.

    Depth of a sheet bent about a line that leans by 45 degrees is a curve over x + y, of which
    2 x y is as large as x**2 and y**2; depth of a face is nearly even in x.

    Args:
        before: (n, 2), n above 16, in units from the first eye, the eyes level.
        after: the same.
    """
    plane, beyond = _beyond_plane(before, after)
    x, y = (before - _NOSE).T
    even = np.stack([x**2, y**2, x**2 * y, y**3, x**4], axis=1)
    uneven = np.concatenate([even, (x * y)[:, None]], axis=1)
    unexplained = [
        float(np.square(_left(np.linalg.qr(_along(plane, depth))[0], beyond)).sum())
        for depth in (even, uneven)
    ]
    return (unexplained[0] - unexplained[1]) / max(float(np.square(beyond).sum()), 1e-12)


def _beyond_plane(before: Points, after: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Directions, (2 n, 8), that the motion of a plane can take, and what is left of the motion."""
    first, second = before - before.mean(axis=0), after - after.mean(axis=0)
    plane, _ = np.linalg.qr(np.delete(_equations(first, second), 8, axis=1))
    return plane, _left(plane, np.concatenate([second[:, 0], second[:, 1]]))


def _along(plane: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Motions along the eyes by depths, (..., n, k), as far as no plane moves so."""
    return _left(plane, np.concatenate([depth, np.zeros_like(depth)], axis=-2))


def _left(directions: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values without what orthonormal directions explain of them; stacks of both go together."""
    explained = directions @ (np.swapaxes(directions, -1, -2) @ values)
    return np.asarray(values - explained, np.float64)


def _misfit(columns: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Standard deviation of values from the best mixture of columns."""
    mixture, *_ = np.linalg.lstsq(columns, values, rcond=1e-8)
    left = values - columns @ mixture
    return float(np.sqrt(np.sum(np.square(left)) / (len(values) - columns.shape[1])))


def _rms(before: Points, after: Points, *, unit_px: float) -> float | None:
    """Root mean square distance from where the best plane puts the points, in units."""
    best = fit_homography(before, after) if len(before) >= 4 else None
    if best is None:
        return None
    errors = transfer_errors(best, before, after) / unit_px
    return float(np.sqrt(np.mean(np.square(errors))))


def fit_homography(before: Points, after: Points) -> Homography | None:
    """The homography of least algebraic error through at least four pairs of points.

    Returns: None when the points are on a line, or fall together.
    Source: normalised direct linear transform, Hartley, IEEE TPAMI 19(6), 1997.
    """
    first, second = _normaliser(before), _normaliser(after)
    if first is None or second is None:
        return None
    rows = _equations(_apply(first, before), _apply(second, after))
    _, sizes, directions = np.linalg.svd(rows, full_matrices=False)
    if sizes[-2] < 1e-9 * sizes[0]:
        return None
    found = np.linalg.inv(second) @ directions[-1].reshape(3, 3) @ first
    return np.asarray(found, dtype=np.float64)


def transfer_errors(homography: Homography, before: Points, after: Points) -> NDArray[np.float64]:
    """(n,) float64: how far each point is from where the homography puts it, pixels."""
    away = _apply(homography, before) - after
    return np.asarray(np.hypot(away[:, 0], away[:, 1]), dtype=np.float64)


def _off_plane_share(before: Points, after: Points, *, tolerance_px: float) -> float:
    """Share of points off the best of many planes through four points each (RANSAC).

    The same points give the same answer: the choice of fours starts from a fixed seed.
    """
    rng = np.random.default_rng(_SEED)
    fours = np.argsort(rng.random((_TRIALS, len(before))), axis=1)[:, :4]
    planes = _exact(before[fours], after[fours])
    moved = np.concatenate([before, np.ones((len(before), 1))], axis=1) @ np.swapaxes(planes, 1, 2)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        away = moved[..., :2] / moved[..., 2:] - after
        # Squares: a root of each of so many distances takes a fifth longer.
        near = away[..., 0] ** 2 + away[..., 1] ** 2 <= tolerance_px**2
    return 1.0 - float(near.mean(axis=1).max())


def _exact(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """(t, 3, 3): the homography through each of t fours; fours on a line give one that fits none.

    The unknown scale is fixed by the last element, which is not zero for points near the origin.
    """
    origin, aim = before.mean(axis=1, keepdims=True), after.mean(axis=1, keepdims=True)
    x, y = np.moveaxis(before - origin, 2, 0)
    u, v = np.moveaxis(after - aim, 2, 0)
    one, none = np.ones_like(x), np.zeros_like(x)
    along = np.stack([x, y, one, none, none, none, -u * x, -u * y], axis=2)
    down = np.stack([none, none, none, x, y, one, -v * x, -v * y], axis=2)
    system = np.concatenate([along, down], axis=1)
    right = np.concatenate([u, v], axis=1)[..., None]
    # A ridge far below any pixel keeps fours on a line from ending the whole batch.
    solved = np.linalg.solve(system + 1e-9 * np.eye(8), right)[..., 0]
    planes = np.concatenate([solved, np.ones((len(solved), 1))], axis=1).reshape(-1, 3, 3)
    moved: NDArray[np.float64] = _shift(aim[:, 0]) @ planes @ _shift(-origin[:, 0])
    return moved


def _shift(by: NDArray[np.float64]) -> NDArray[np.float64]:
    matrices = np.tile(np.eye(3), (len(by), 1, 1))
    matrices[:, :2, 2] = by
    return matrices


def _normaliser(points: Points) -> Homography | None:
    """Move the centroid to the origin and the mean distance from it to the square root of two."""
    centre = points.mean(axis=0)
    spread = float(np.mean(np.hypot(*(points - centre).T)))
    if spread < 1e-6:
        return None
    scale = np.sqrt(2) / spread
    return np.array(
        [[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1]], np.float64
    )


def _equations(a: Points, b: Points) -> NDArray[np.float64]:
    """(2 n, 9): two rows of the direct linear transform for each pair."""
    one, none = np.ones((len(a), 1)), np.zeros((len(a), 3))
    lifted = np.concatenate([a, one], axis=1)
    along = np.concatenate([lifted, none, -b[:, :1] * lifted], axis=1)
    down = np.concatenate([none, lifted, -b[:, 1:] * lifted], axis=1)
    return np.concatenate([along, down])


def _apply(homography: Homography, points: Points) -> Points:
    moved = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ homography.T
    return np.asarray(moved[:, :2] / moved[:, 2:], dtype=np.float64)
