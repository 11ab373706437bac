"""Count how often a film of a login, which answers no prompt, makes the moves that are drawn.

    python -m tools.measure_films [--logins N] [--film MOVES] [--still S] [--move S] [--seed S]

Plays films of four moves, each again and again, against the decision core alone: every judge of
pictures is taken to be content, so that nothing but the order and the times of the moves stands in
the way. A film begins anywhere and has a pace of its own, or the one given: seconds that it keeps
still before each move, and seconds that it holds the move. Without `--film` N logins of each of the
sequences that can be drawn are played. MOVES are letters: L and R turn, C comes closer, B goes
back. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from countenance.ceremony.challenge import ChallengePolicy, Draw, Move, draw_challenge
from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.login import (
    LoginPolicy,
    LoginState,
    advance_login,
    announce_move,
    begin_login,
)
from countenance.ceremony.policy import PassivePolicy
from countenance.geometry.planarity import Planarity
from countenance.settings import LOGIN_POLICIES
from countenance.statistics.intervals import rate

LETTERS: Final = {
    "L": Move.TURN_LEFT,
    "R": Move.TURN_RIGHT,
    "C": Move.MOVE_CLOSER,
    "B": Move.MOVE_BACK,
}
NAMES: Final = {move: letter for letter, move in LETTERS.items()}
MOVES: Final = ChallengePolicy()
LOGIN: Final = LoginPolicy(PassivePolicy(time_limit_s=LOGIN_POLICIES["standard"]), MOVES)
FPS: Final = 15.0
REPLY_S: Final = 0.02
AIMS: Final = {
    Move.TURN_LEFT: (28.0, 1.0),
    Move.TURN_RIGHT: (-28.0, 1.0),
    Move.MOVE_CLOSER: (0.0, 1.36),
    Move.MOVE_BACK: (0.0, 0.72),
}
"""Yaw, degrees, and width of the face over that at rest."""
YAW_STEP_DEG: Final = 4.0
SCALE_STEP: Final = 0.04
HEAD: Final = Planarity(
    rms=0.08, off_plane_share=0.6, points=80, depth=0.3, bulge=0.2, off_sheet_share=0.6, skew=0.03
)


def every_film() -> list[tuple[Move, ...]]:
    """All sequences that the server can draw."""
    return [
        film
        for film in itertools.product(Move, repeat=MOVES.moves)
        if all(a is not b for a, b in itertools.pairwise(film)) and any(m.is_turn for m in film)
    ]


@dataclass(frozen=True, slots=True)
class Pace:
    """Shortest and longest times of a film."""

    still_s: tuple[float, float] = (0.8, 2.2)
    """That it keeps still before each move, the way back from the last one included."""
    move_s: tuple[float, float] = (1.0, 2.0)
    """That it makes and holds a move."""


def poses(film: Sequence[Move], pace: Pace, chance: random.Random) -> Iterator[tuple[float, float]]:
    """Yaw and width of the face, frame by frame, from anywhere in the film on."""
    still_s, move_s = chance.uniform(*pace.still_s), chance.uniform(*pace.move_s)
    begin = chance.randrange(round(len(film) * (still_s + move_s) * FPS))
    yaw_deg, scale = 0.0, 1.0
    for number in itertools.count():
        place, within_s = divmod(number / FPS, still_s + move_s)
        aim = (0.0, 1.0) if within_s < still_s else AIMS[film[int(place) % len(film)]]
        yaw_deg += max(-YAW_STEP_DEG, min(YAW_STEP_DEG, aim[0] - yaw_deg))
        scale += max(-SCALE_STEP, min(SCALE_STEP, aim[1] - scale))
        if number >= begin:
            yield yaw_deg + chance.gauss(0, 0.7), scale


def login(
    film: Sequence[Move], pace: Pace, draws: tuple[Draw, ...], chance: random.Random
) -> LoginState:
    """One login of that film, to its verdict."""
    state = begin_login(LOGIN, draws, at_s=0.0)
    for number, (yaw_deg, scale) in enumerate(poses(film, pace, chance)):
        at_s = number / FPS
        is_turned = abs(yaw_deg) > 15
        judged = None if is_turned else True
        face = FaceEvidence(
            box_xyxy=(0.5 - scale / 8, 0.2, 0.5 + scale / 8, 0.7),
            track_id=1,
            hint=Hint.TURNED if is_turned else Hint.HOLD_STILL,
            yaw_deg=yaw_deg,
            pitch_deg=0.0,
            is_bona_fide=judged,
            is_match=judged,
            planarity=HEAD,
        )
        was_told = state.move is not None
        state = advance_login(state, Observation(number, at_s, 1, face))
        if state.move is not None and not was_told:
            state = announce_move(state, at_s=at_s + REPLY_S)
        if state.verdict is not None:
            break
    return state


def measured(
    films: Sequence[tuple[Move, ...]], pace: Pace, *, logins: int, seed: int
) -> dict[str, object]:
    """Logins, those let in, those of them in which the draw was the film, and the best films."""
    chance = random.Random(seed)  # noqa: S311 # nosec B311 # a measurement has to repeat
    granted: Counter[str] = Counter()
    same = 0
    for film in films:
        for _ in range(logins):
            draws = tuple(
                draw_challenge(MOVES, choose=chance.choice, share=chance.random)
                for _ in range(LOGIN.draws_needed)
            )
            state = login(film, pace, draws, chance)
            if state.verdict is not None and state.verdict.is_granted:
                granted["".join(NAMES[move] for move in film)] += 1
                same += tuple(planned.move for planned in draws[state.mistakes]) == film
    total, accepted = len(films) * logins, granted.total()
    found = rate(accepted, total)
    return {
        "logins": total,
        "granted": accepted,
        "share": round(found.value, 5),
        "interval": [round(found.low, 5), round(found.high, 5)],
        "granted_the_film_itself_drawn": same,
        "best_films": dict(granted.most_common(5)),
    }


def main() -> None:
    """Play and print."""
    wishes = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    wishes.add_argument("--logins", type=int, default=40, help="of each film")
    wishes.add_argument("--film", help="only this one, such as LCRB")
    wishes.add_argument("--still", type=float, help="seconds before each move")
    wishes.add_argument("--move", type=float, help="seconds of each move")
    wishes.add_argument("--seed", type=int, default=1)
    given = wishes.parse_args()
    films = [tuple(LETTERS[letter] for letter in given.film)] if given.film else every_film()
    pace = Pace()
    if given.still is not None:
        pace = replace(pace, still_s=(given.still, given.still))
    if given.move is not None:
        pace = replace(pace, move_s=(given.move, given.move))
    print(json.dumps(measured(films, pace, logins=given.logins, seed=given.seed)))


if __name__ == "__main__":
    main()
