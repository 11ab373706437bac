import numpy as np
import pytest

from countenance.geometry.planarity import (
    EYE_BAND,
    MIN_BESIDE,
    MIN_POINTS,
    Planarity,
    fit_homography,
    measure_planarity,
    transfer_errors,
)

UNIT_PX = 64.0
"""Eye distance of the made-up face."""
EYES = UNIT_PX * np.array([[-0.5, -0.4], [0.5, -0.4]]) + 200.0


def face_points(count: int = 90) -> np.ndarray:
    """(n, 2) points spread over a face of two eye distances."""
    return np.random.default_rng(5).uniform(-UNIT_PX, UNIT_PX, (count, 2)) + 200.0


def turned(points: np.ndarray, depth: np.ndarray, *, yaw_deg: float, tilt_deg: float = 0.0):
    """The same points after a turn, seen from eight eye distances; depth grows to the viewer."""
    yaw, tilt = np.radians(yaw_deg), np.radians(tilt_deg)
    x, y = (points - 200.0).T
    across = x * np.cos(yaw) + depth * np.sin(yaw)
    near = depth * np.cos(yaw) - x * np.sin(yaw)
    down, near = y * np.cos(tilt) - near * np.sin(tilt), near * np.cos(tilt) + y * np.sin(tilt)
    scale = 8 * UNIT_PX / (8 * UNIT_PX - near)
    return np.stack([across * scale, down * scale], axis=1) + 200.0


def head_depth(points: np.ndarray) -> np.ndarray:
    """An ellipsoid with a nose."""
    x, y = ((points - 200.0) / UNIT_PX).T
    skull = 1.2 * np.sqrt(np.clip(1 - (x / 1.6) ** 2 - (y / 1.9) ** 2, 0, None))
    nose = 0.4 * np.exp(-((x / 0.2) ** 2) - ((y / 0.35) ** 2))
    return UNIT_PX * (skull + nose)


def measured(
    before: np.ndarray, after: np.ndarray, *, noise_px: float = 0.3, turn_deg: float = 25.0
) -> Planarity:
    trembling = after + np.random.default_rng(7).normal(0, noise_px, after.shape)
    found = measure_planarity(before, trembling, eyes=EYES, unit_px=UNIT_PX, turn_deg=turn_deg)
    assert found is not None
    return found


@pytest.mark.parametrize("tilt_deg", [-25, 0, 25])
@pytest.mark.parametrize("yaw_deg", [-45, -20, 20, 45])
def test_a_flat_picture_moves_as_one_plane_however_it_is_held(yaw_deg: int, tilt_deg: int) -> None:
    before = face_points()
    after = turned(before, np.zeros(len(before)), yaw_deg=yaw_deg, tilt_deg=tilt_deg)
    found = measured(before, after)
    assert found.rms < 0.01
    assert found.off_plane_share < 0.05
    assert found.points == len(before)


@pytest.mark.parametrize("yaw_deg", [-40, -20, 20, 40])
def test_a_turned_head_leaves_the_plane(yaw_deg: int) -> None:
    before = face_points()
    found = measured(before, turned(before, head_depth(before), yaw_deg=yaw_deg))
    assert found.rms > 0.04
    assert found.off_plane_share > 0.4


def test_a_bent_picture_lies_between_the_picture_and_the_head() -> None:
    before = face_points()
    x = (before - 200.0)[:, 0]
    radius = 2.5 * UNIT_PX
    bent = measured(before, turned(before, np.sqrt(radius**2 - x**2) - radius, yaw_deg=35))
    flat = measured(before, turned(before, np.zeros(len(before)), yaw_deg=35))
    head = measured(before, turned(before, head_depth(before), yaw_deg=35))
    assert flat.off_plane_share < bent.off_plane_share < head.off_plane_share


def test_a_picture_that_is_only_brought_closer_stays_a_plane() -> None:
    before = face_points()
    found = measured(before, (before - 200.0) * 1.5 + 230.0)
    assert found.rms < 0.01
    assert found.off_plane_share == 0.0


def test_few_wrong_points_do_not_make_a_picture_a_head() -> None:
    before = face_points()
    after = turned(before, np.zeros(len(before)), yaw_deg=30)
    after[:9] += 12.0
    assert measured(before, after).off_plane_share == pytest.approx(0.1, abs=0.03)


def eyes_behind(points: np.ndarray, *, by: float) -> np.ndarray:
    """Depth of a paper with holes before the eyes: zero, and `by` eye distances behind in them."""
    across, down = np.abs(points[:, None] - EYES).transpose(2, 0, 1) / UNIT_PX
    is_hole = ((across / 0.3) ** 2 + (down / 0.2) ** 2 < 1).any(axis=1)
    return np.where(is_hole, -by * UNIT_PX, 0.0)


@pytest.mark.parametrize("yaw_deg", [-50, -25, 25, 50])
@pytest.mark.parametrize("by", [0.1, 0.25, 0.6])
def test_living_eyes_behind_a_paper_lend_it_no_depth(yaw_deg: int, by: float) -> None:
    before = face_points(120)
    found = measured(before, turned(before, eyes_behind(before, by=by), yaw_deg=yaw_deg))
    assert found.depth < 0.02


def test_the_same_eyes_make_a_paper_a_head_for_the_measure_of_all_points() -> None:
    before = face_points(120)
    found = measured(before, turned(before, eyes_behind(before, by=0.6), yaw_deg=25))
    assert found.rms > 0.03


@pytest.mark.parametrize("yaw_deg", [-40, -30, -20, 20, 30, 40])
def test_a_head_is_as_deep_however_far_it_turns(yaw_deg: int) -> None:
    before = face_points()
    after = turned(before, head_depth(before), yaw_deg=yaw_deg)
    assert measured(before, after, turn_deg=yaw_deg).depth == pytest.approx(0.2, abs=0.04)


@pytest.mark.parametrize("fold_deg", [0, 45, 90, 135])
@pytest.mark.parametrize("yaw_deg", [-30, 20, 40])
def test_a_sheet_that_is_bent_one_way_has_depth_but_no_bulge(yaw_deg: int, fold_deg: int) -> None:
    before, fold = face_points(), np.radians(fold_deg)
    over = (before - 200.0) @ np.array([np.cos(fold), np.sin(fold)])
    radius = 2.0 * UNIT_PX
    depth = np.sqrt(radius**2 - over**2) - radius
    found = measured(before, turned(before, depth, yaw_deg=yaw_deg), turn_deg=yaw_deg)
    assert found.bulge < 0.05


@pytest.mark.parametrize("yaw_deg", [-40, -20, 20, 40])
def test_a_head_bulges_however_far_it_turns(yaw_deg: int) -> None:
    before = face_points()
    after = turned(before, head_depth(before), yaw_deg=yaw_deg)
    assert measured(before, after, turn_deg=yaw_deg).bulge > 0.1


def rolled_depth(points: np.ndarray, *, fold_deg: float, radius: float) -> np.ndarray:
    """A cylinder about a line at that angle from upright, in units."""
    fold = np.radians(fold_deg)
    over = (points - 200.0) @ np.array([np.cos(fold), np.sin(fold)])
    return np.sqrt((radius * UNIT_PX) ** 2 - over**2) - radius * UNIT_PX


@pytest.mark.parametrize("noise_px", [0.3, 0.7])
@pytest.mark.parametrize("fold_deg", [0, 45, 90, 135])
@pytest.mark.parametrize("yaw_deg", [-45, 45])
def test_a_sheet_leaves_little_of_the_depth_of_paper_that_is_bent_a_lot(
    yaw_deg: int, fold_deg: int, noise_px: float
) -> None:
    before = face_points()
    depth = rolled_depth(before, fold_deg=fold_deg, radius=1.5)
    after = turned(before, depth, yaw_deg=yaw_deg)
    # Its nose moves less than a head's: it claims half of the turn.
    found = measured(before, after, turn_deg=yaw_deg / 2, noise_px=noise_px)
    assert found.depth > 0.11
    assert found.off_sheet_share < 0.28


@pytest.mark.parametrize("noise_px", [0.3, 1.5])
@pytest.mark.parametrize("yaw_deg", [-40, -20, 20, 40])
def test_a_sheet_leaves_much_of_the_depth_of_a_head(yaw_deg: int, noise_px: float) -> None:
    before = face_points()
    after = turned(before, head_depth(before), yaw_deg=yaw_deg)
    found = measured(before, after, turn_deg=yaw_deg, noise_px=noise_px)
    assert found.off_sheet_share > 0.33


def test_points_that_are_followed_badly_make_rolled_paper_bulge_but_no_larger_a_share() -> None:
    before = face_points()
    after = turned(before, rolled_depth(before, fold_deg=90, radius=1.5), yaw_deg=50)
    found = measured(before, after, turn_deg=25, noise_px=1.5)
    assert found.bulge > 0.065
    assert found.off_sheet_share < 0.28


@pytest.mark.parametrize("noise_px", [0.0, 0.8])
@pytest.mark.parametrize("yaw_deg", [-25, 20, 35])
@pytest.mark.parametrize("fold_deg", [-45, 30, 45, 60])
def test_a_sheet_that_leans_makes_the_sides_of_a_face_unlike(
    fold_deg: int, yaw_deg: int, noise_px: float
) -> None:
    before = face_points(200)
    depth = rolled_depth(before, fold_deg=fold_deg, radius=2.0)
    after = turned(before, depth, yaw_deg=yaw_deg)
    after += np.random.default_rng(3).normal(0, noise_px, after.shape)
    assert measured(before, after).skew > 0.15


@pytest.mark.parametrize("noise_px", [0.0, 1.5])
@pytest.mark.parametrize("yaw_deg", [-25, 20, 35])
def test_the_sides_of_a_head_are_alike(yaw_deg: int, noise_px: float) -> None:
    before = face_points(200)
    after = turned(before, head_depth(before), yaw_deg=yaw_deg)
    after += np.random.default_rng(3).normal(0, noise_px, after.shape)
    assert measured(before, after).skew < 0.05


def test_a_nose_and_a_forehead_bulge_from_a_head_that_leans() -> None:
    lean = np.radians(20)
    matrix = np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]])
    before = face_points()
    after = turned(before, head_depth(before), yaw_deg=25)
    upright = measured(before, after)
    found = measure_planarity(
        (before - 200.0) @ matrix + 200.0,
        (after - 200.0) @ matrix + 200.0,
        eyes=(EYES - 200.0) @ matrix + 200.0,
        unit_px=UNIT_PX,
        turn_deg=25.0,
    )
    assert found is not None
    assert (found.depth, found.bulge) == pytest.approx((upright.depth, upright.bulge), abs=0.02)


def test_a_face_that_claims_a_larger_turn_than_it_made_is_less_deep() -> None:
    before = face_points()
    after = turned(before, head_depth(before), yaw_deg=20)
    honest, claimed = (measured(before, after, turn_deg=turn_deg).depth for turn_deg in (20, 45))
    assert claimed == pytest.approx(honest * np.sin(np.radians(20)) / np.sin(np.radians(45)))


def test_a_face_that_has_not_turned_is_not_infinitely_deep() -> None:
    before = face_points()
    still, small = (measured(before, before, turn_deg=turn_deg).depth for turn_deg in (0, 14))
    assert still == small < 0.05


def test_few_points_beside_the_eyes_tell_nothing() -> None:
    points = face_points(400)
    is_near = np.abs(points[:, 1] - EYES[0, 1]) < EYE_BAND * UNIT_PX
    beside = points[~is_near]
    few = np.concatenate([points[is_near], beside[: MIN_BESIDE - 1]])
    enough = np.concatenate([points[is_near], beside[:MIN_BESIDE]])
    assert measure_planarity(few, few, eyes=EYES, unit_px=UNIT_PX, turn_deg=25.0) is None
    assert measured(enough, enough).points == len(enough)


def test_the_same_points_give_the_same_answer() -> None:
    before = face_points()
    after = turned(before, head_depth(before), yaw_deg=25)
    assert measured(before, after) == measured(before, after)


@pytest.mark.parametrize(
    "points",
    [
        face_points(MIN_POINTS - 1),  # too few to tell
        np.stack([np.arange(20.0), 2 * np.arange(20.0)], axis=1),  # on a line
        np.full((20, 2), 7.0),  # all in one place
        np.empty((0, 2)),
    ],
)
def test_points_that_tell_nothing_are_answered_with_none(points: np.ndarray) -> None:
    moved = points + 3.0
    assert measure_planarity(points, moved, eyes=EYES, unit_px=UNIT_PX, turn_deg=25.0) is None


def test_a_homography_is_found_again() -> None:
    true = np.array([[0.9, 0.1, 5.0], [-0.05, 1.1, 3.0], [2e-4, -1e-4, 1.0]])
    before = face_points(12)
    lifted = np.concatenate([before, np.ones((12, 1))], axis=1) @ true.T
    found = fit_homography(before, lifted[:, :2] / lifted[:, 2:])
    assert found is not None
    np.testing.assert_allclose(found / found[2, 2], true, atol=1e-6)
    assert transfer_errors(found, before, lifted[:, :2] / lifted[:, 2:]).max() < 1e-6
