"""Measure the challenge on recorded people: who gets in that should, and what should not.

    python -m tools.measure_challenge --data DIR [--live N] [--attacks N] [--fps F] [--seed S]

DIR holds `liveness/clips` and `video` of the development data. A recording cannot answer, so its
frames are put in the order that a prompt asks for (`tests/harness/performers.py`): the frames are
real, the order is not. Each session is a whole login through observer and fold, without a server.
A recording is asked only for turns to the sides that it shows. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from countenance.ceremony.challenge import ChallengePolicy, Draw, Move, draw_challenge
from countenance.ceremony.login import LoginPolicy
from countenance.ceremony.policy import PassivePolicy
from countenance.settings import LOGIN_POLICIES
from countenance.vision.engine import Engine, open_engine
from tests.harness.performers import (
    Actor,
    Film,
    Footage,
    Loop,
    Performer,
    Photo,
    contrary,
    deaf,
    read_footage,
)
from tests.harness.sessions import Stage, template_from

CLIPS: Final = (
    "liveness/clips/Apfol_real.webm",
    "liveness/clips/tranvanluyt2203_real.mp4",
    "liveness/clips/Krzysiek354_real.mp4",
    "liveness/clips/jomariya23156_real.mp4",
    "video/lp_d3.mp4",
)
POLICY: Final = LoginPolicy(
    PassivePolicy(time_limit_s=LOGIN_POLICIES["standard"]), ChallengePolicy()
)


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody recorded."""

    name: str
    footage: Footage
    stage: Stage

    @property
    def moves(self) -> tuple[Move, ...]:
        """What the recording can answer."""
        turns = self.footage.turns
        return tuple(move for move in Move if not move.is_turn or move.value in turns)


def draws_for(moves: tuple[Move, ...], rng: random.Random) -> tuple[Draw, ...]:
    """As the server draws them, of the moves that can be made; drawn again until they are."""
    found: list[Draw] = []
    while len(found) < POLICY.draws_needed:
        assert POLICY.challenge is not None
        draw = draw_challenge(POLICY.challenge, choose=rng.choice, share=rng.random)
        if all(planned.move in moves for planned in draw):
            found.append(draw)
    return tuple(found)


def others(draws: tuple[Draw, ...], moves: tuple[Move, ...], rng: random.Random) -> list[Move]:
    """The moves of somebody who was asked for other ones."""
    asked = [planned.move for planned in draws[0]]
    while (other := [planned.move for planned in draws_for(moves, rng)[0]]) == asked:
        pass
    return other


Make = Callable[[Person, Person, tuple[Draw, ...], random.Random, int], Performer]


def _photo(way: str, *holes: str, angle_deg: float = 42.0) -> Make:
    return lambda p, _o, _d, _r, seed: Photo(
        p.footage, way, holes=holes, seed=seed, angle_deg=angle_deg
    )


FAR_DEG: Final = 56.0
"""Rolled paper has to be turned farther than bent paper until its nose tells a turn."""
ATTACKS: Final[dict[str, Make]] = {
    "photo_turned": _photo("turned"),
    "photo_tilted": _photo("tilted"),
    "photo_bent": _photo("bent"),
    "photo_bent_hollow": _photo("bent_hollow", angle_deg=FAR_DEG),
    "photo_rolled": _photo("rolled", angle_deg=FAR_DEG),
    "photo_rolled_hollow": _photo("rolled_hollow", angle_deg=FAR_DEG),
    "photo_leaning": _photo("leaning", angle_deg=FAR_DEG),
    "photo_cut_out": _photo("turned", "eyes"),
    "photo_cut_out_bent": _photo("bent", "eyes"),
    "photo_cut_out_rolled": _photo("rolled", "eyes", angle_deg=FAR_DEG),
    "photo_cut_out_leaning": _photo("leaning", "eyes", angle_deg=FAR_DEG),
    "photo_cut_out_eyes_mouth": _photo("turned", "eyes", "mouth"),
    "photo_cut_out_eyes_mouth_bent": _photo("bent", "eyes", "mouth"),
    "photo_cut_out_eyes_mouth_rolled": _photo("rolled", "eyes", "mouth", angle_deg=FAR_DEG),
    "photo_cut_out_eyes_nose": _photo("turned", "eyes", "nose"),
    "photo_cut_out_eyes_nose_bent": _photo("bent", "eyes", "nose"),
    "photo_cut_out_eyes_nose_rolled": _photo("rolled", "eyes", "nose", angle_deg=FAR_DEG),
    "wrong_direction": lambda p, _o, _d, _r, seed: Actor(p.footage, seed, contrary),
    "other_order": lambda p, _o, draws, rng, seed: Film(
        Actor(p.footage, seed), others(draws, p.moves, rng)
    ),
    "nothing": lambda p, _o, _d, _r, seed: Actor(p.footage, seed, deaf),
    "looped": lambda p, _o, _d, _r, seed: Loop(p.footage, seed=seed),
    "swapped_when_turned": lambda p, other, _d, _r, seed: Actor(
        p.footage, seed, turned=other.footage
    ),
}


def sessions(
    people: list[Person], make: Make, *, count: int, seed: int
) -> Iterator[tuple[str, bool, str, float]]:
    """Person, whether granted, why not, and how long it took on the login's own clock."""
    for number in range(count):
        rng = random.Random(f"{seed}-{number}")  # noqa: S311 # nosec B311 # a measurement has to repeat
        person, other = people[number % len(people)], people[(number + 1) % len(people)]
        draws = draws_for(person.moves, rng)
        performer = make(person, other, draws, rng, number)
        state = person.stage.play(performer, draws)
        assert state.verdict is not None
        reason = state.verdict.reason.value if state.verdict.reason else ""
        took_s = state.passive.frames / person.stage.fps
        sys.stderr.write(f"{person.name}: {reason or 'granted'} after {took_s:.1f} s\n")
        yield person.name, state.verdict.is_granted, reason, took_s


def summary(rows: list[tuple[str, bool, str, float]]) -> dict[str, Any]:
    """Counts of one kind of session."""
    took = sorted(row[3] for row in rows)
    return {
        "sessions": len(rows),
        "granted": sum(row[1] for row in rows),
        "reasons": dict(Counter(row[2] for row in rows if not row[1])),
        "refused_of": dict(Counter(row[0] for row in rows if not row[1])),
        "median_s": took[len(took) // 2],
    }


def open_people(data: Path, engine: Engine, fps: float) -> list[Person]:
    """Everybody recorded, and what each one's recording shows."""
    people = []
    for clip in CLIPS:
        footage = read_footage(data / clip, engine.detector)
        stage = Stage(engine, POLICY, template_from(engine, footage), fps)
        people.append(Person(Path(clip).stem, footage, stage))
        sys.stderr.write(
            f"{people[-1].name}: {len(footage.frames)} frames, rest at {footage.rest}, "
            f"{dict(footage.turns)}\n"
        )
    return people


def main() -> None:
    """Live sessions, then attacks."""
    wishes = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wishes.add_argument("--data", type=Path, required=True)
    wishes.add_argument("--live", type=int, default=40)
    wishes.add_argument("--attacks", type=int, default=10, help="sessions of each kind")
    wishes.add_argument("--only", default="", help="part of the name of an attack")
    wishes.add_argument("--fps", type=float, default=10.0)
    wishes.add_argument("--seed", type=int, default=1)
    given = wishes.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        engine = open_engine(Path(home))
        people = open_people(given.data, engine, given.fps)
        kinds: dict[str, tuple[Make, int]] = {
            "live": (lambda p, _o, _d, _r, seed: Actor(p.footage, seed), given.live)
        }
        kinds |= {name: (make, given.attacks) for name, make in ATTACKS.items()}
        told = {}
        for name, (make, count) in kinds.items():
            if given.only in name and count:
                rows = list(sessions(people, make, count=count, seed=given.seed))
                told[name] = summary(rows)
                sys.stderr.write(f"{name}: {told[name]}\n")
    took_s = round(time.monotonic() - began_s)
    print(json.dumps({"fps": given.fps, "kinds": told, "took_s": took_s}))


if __name__ == "__main__":
    main()
