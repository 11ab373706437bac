"""Measure what the decision of a login costs for each frame, beside what the engine costs.

    python -m tools.measure_logic [--frames N]

A login that waits for its first move is folded from observations that were made up: counting,
challenge and loop detection, and separately the planarity of a turned face, which is measured on
the frames of a move alone. Prints one JSON object of milliseconds.of one core.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Final

import numpy as np

from countenance.ceremony.challenge import ChallengePolicy, Move, PlannedMove
from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.login import LoginPolicy, LoginState, advance_login, begin_login
from countenance.ceremony.policy import PassivePolicy
from countenance.geometry.planarity import measure_planarity
from countenance.pad.recurrence import thumbnail_of

STRAIGHT: Final = FaceEvidence(
    box_xyxy=(0.3, 0.2, 0.6, 0.7),
    track_id=1,
    hint=Hint.HOLD_STILL,
    yaw_deg=0.0,
    pitch_deg=0.0,
    is_bona_fide=True,
    is_match=True,
)
POINTS: Final = 220
"""That a face gives on a webcam; half of them are left of a fast turn."""
EYES: Final = np.array([[70.0, 80.0], [130.0, 80.0]])
LOGIN: Final = LoginPolicy(PassivePolicy(time_limit_s=1e9), ChallengePolicy(move_limit_s=1e9))
DRAW: Final = tuple(
    PlannedMove(move, 0.2)
    for move in (Move.TURN_LEFT, Move.MOVE_CLOSER, Move.TURN_RIGHT, Move.MOVE_BACK)
)


def decisions_ms(frames: int, rng: np.random.Generator) -> list[float]:
    """Milliseconds of one core for each frame of a login that takes so many."""
    took, state = [], begun()
    for sequence in range(frames):
        samples = rng.integers(0, 255, (96, 128), dtype=np.uint8)
        began_s = time.thread_time()
        thumbnail = thumbnail_of(samples)
        seen = Observation(sequence, sequence / 15, 1, STRAIGHT, thumbnail=thumbnail)
        state = advance_login(state, seen)
        if state.verdict is not None:
            raise RuntimeError(f"the login ended with {state.verdict}")
        took.append(1000 * (time.thread_time() - began_s))
    return took


def begun() -> LoginState:
    """A login that waits for its first frame."""
    return begin_login(LOGIN, (DRAW, DRAW), at_s=0.0)


def planarity_ms(times: int, rng: np.random.Generator) -> list[float]:
    """Milliseconds of one core for each measurement on as many points as a face gives."""
    took = []
    for _ in range(times):
        before = rng.uniform(0, 200, (POINTS, 2))
        after = before + rng.normal(0, 3, (POINTS, 2))
        began_s = time.thread_time()
        measure_planarity(before, after, eyes=EYES, unit_px=60.0, turn_deg=25.0)
        took.append(1000 * (time.thread_time() - began_s))
    return took


def main() -> None:
    """Medians and 95th percentiles."""
    wishes = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wishes.add_argument("--frames", type=int, default=600)
    given = wishes.parse_args()
    rng = np.random.default_rng(1)
    kinds = {
        "decision": decisions_ms(given.frames, rng),
        "planarity": planarity_ms(max(1, given.frames // 6), rng),
    }
    told = {
        f"{name}_{word}_ms": round(float(np.quantile(took, share)), 3)
        for name, took in kinds.items()
        for word, share in (("median", 0.5), ("p95", 0.95))
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
