"""Attacks with acted scenes, so that the suite is never empty: no recording of anybody is needed.

Whether an acted person is bona fide is up to the detector; what stands here holds either way.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.biometrics.templates import template_of
from countenance.images.image import Image
from tests.attacks.acts import Act, Cast, torn_clock
from tests.attacks.house import Outcome, make_house, served
from tests.fixtures.scenes import Kind, Scene, frames
from tests.harness.injections import Resent, Taped
from tests.harness.performers import Footage, noisy

pytestmark = pytest.mark.timeout(300)

Frames = tuple[NDArray[np.uint8], ...]
RATE = 15.0
SECONDS = 3


@dataclass(slots=True)
class Acted:
    """A scene from its beginning, over and over, with fresh noise."""

    shown: Frames
    seed: int
    _count: int = 0

    def frame(self, prompt: str | None, *, at_s: float) -> NDArray[np.uint8]:
        del prompt
        self._count += 1
        picture = self.shown[int(at_s * RATE) % len(self.shown)]
        return noisy(picture, seed=(self.seed, self._count))


@pytest.fixture(scope="module")
def sitting() -> Frames:
    """Somebody who sits there, acted."""
    whole = frames(Scene(Kind.LIVE, seconds=SECONDS))
    return tuple(islice(whole, 0, None, round(30 / RATE)))


@pytest.fixture(scope="module")
def outcomes(sitting: Frames, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """The session that is recorded first, then all the others at once."""
    house = make_house(tmp_path_factory.mktemp("acted") / "home")
    stills = (house.engine.analyse_still(Image(picture)) for picture in sitting[:5])
    face = template_of([still.embedding for still in stills if still.embedding])
    tape: list[tuple[float, bytes]] = []
    first = Act("sits", "", lambda _cast: Taped(Acted(sitting, 1), tape))
    later = [
        Act("virtual_camera", "", lambda _cast: Acted(sitting, 2), camera="ManyCam Video Source"),
        Act("torn_clock", "", lambda _cast: Acted(sitting, 3), clock=torn_clock),
        Act("looped", "", lambda _cast: Acted(sitting[: int(RATE)], 4)),
        Act("resent", "", lambda _cast: Resent(list(tape))),
    ]
    for act in (first, *later):
        house.move_in(act.name, face)
    with served(house.home) as server, ThreadPoolExecutor(2) as pool:

        def attempt(act: Act) -> Outcome:
            return house.attempt(server, act, _nobody(), name=act.name)

        found = {first.name: attempt(first)}
        found |= dict(zip((act.name for act in later), pool.map(attempt, later), strict=True))
    house.identity.close()
    return found


def _nobody() -> Cast:
    """Acted scenes make no use of recordings."""
    none = Footage((), np.zeros(0), np.zeros((0, 2)), np.zeros(0), rest=0, turns={})
    return Cast("acted", none, none)


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("sits", {"challenge_unanswered", "presentation_attack", "timed_out", "looped"}),
        ("virtual_camera", {"virtual_camera"}),
        ("torn_clock", {"impossible_timing"}),
        ("looped", {"looped", "presentation_attack"}),
        ("resent", {"replayed"}),
    ],
)
def test_an_acted_attack_stays_outside_and_the_trail_says_why(
    outcomes: dict[str, Outcome], name: str, reasons: set[str]
) -> None:
    assert not outcomes[name].is_granted
    assert outcomes[name].reason in reasons
