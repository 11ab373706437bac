"""`bench login`: a recorded person from the first frame to the verdict."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from countenance.bench.cores import held_to
from countenance.bench.errors import BenchError, PeerFailedError
from countenance.bench.footage import Footage
from countenance.bench.peers.catalogue import PeerName
from countenance.bench.peers.process import PeerProcess
from countenance.bench.peers.start import Peers, PeerSetup, start_peers
from countenance.bench.rounds import turns
from countenance.bench.side_by_side import SideBySide
from countenance.bench.timing import Timing, timed
from countenance.biometrics.templates import Template, template_of
from countenance.ceremony.policy import PassivePolicy
from countenance.ceremony.state import advance, begin
from countenance.vision.engine import Engine

SAMPLES: Final = 5
"""Frames of the second half of a clip that the person is enrolled with."""
FRAMES_NEEDED: Final = 10
"""Consecutive matching frames that the seeds ask for, and our passive policy too."""
DISTANCE_LIMIT: Final = 0.6
"""Largest distance of matching encodings: the default of `face_recognition.compare_faces`."""
COSINE_LIMIT: Final = 0.363
"""Least cosine of matching embeddings that OpenCV's documentation gives for SFace."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One login."""

    verdict: str
    """`granted`, the reason of a refusal, else `none` when the clip ended before."""
    frames: int
    """Until then."""
    wall_ms: float
    """Spent on these frames; waiting for the camera is not counted."""
    cpu_ms: float


class Door(Protocol):
    """Whoever lets people in."""

    def replay(self, clip: int) -> Replay:
        """Let the person of a clip, by its number, log in."""


@dataclass(slots=True)
class LoginReport:
    """One measurement."""

    clips: tuple[str, ...]
    asked: Sequence[PeerName]
    replays: dict[str, list[list[Replay]]]
    """Who (`own` or a peer) to rounds to one login for each clip."""
    peers: Peers

    def times(self) -> SideBySide:
        """Milliseconds of work for a login, the mean over the clips of each round."""
        mean = {
            who: [fmean(replay.wall_ms for replay in row) for row in rows]
            for who, rows in self.replays.items()
        }
        others = {name: mean[name.value] for name in self.asked if name.value in mean}
        return SideBySide("login_ms", mean["own"], others, self.asked)

    def as_json(self) -> dict[str, object]:
        """The stable keys of `bench login --json`."""
        logins = [
            {
                "clip": clip,
                "by": who,
                "verdict": rows[0][index].verdict,
                "frames": rows[0][index].frames,
                "wall_ms": round(float(np.median([row[index].wall_ms for row in rows])), 2),
                "cpu_ms": round(float(np.median([row[index].cpu_ms for row in rows])), 2),
            }
            for index, clip in enumerate(self.clips)
            for who, rows in self.replays.items()
        ]
        return {**self.times().as_json(), "logins": logins, "peers": self.peers.as_json()}


def measure_login(
    *,
    footages: Sequence[Footage],
    peers: Sequence[PeerName],
    setup: PeerSetup,
    open_engine: Callable[[], Engine],
    repeats: int,
    finished: Callable[[], None],
) -> LoginReport:
    """Replay the logins of all clips, everybody in turn.

    The first half of a clip logs in, frames of its second half were enrolled.

    Raises: BenchError: no face of a clip can be enrolled.
    """
    with ExitStack() as closing:
        closing.enter_context(held_to(setup.threads))
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="countenance-")))
        doors: dict[str, Door] = {"own": OwnDoor(open_engine(), footages)}
        running = start_peers(peers, setup=setup, closing=closing)
        for name, process in list(running.running.items()):
            try:
                doors[name.value] = PeerDoor(name, process, footages, folder)
            except PeerFailedError as error:
                running.drop(name, error.message)
        replays: dict[str, list[list[Replay]]] = {who: [] for who in doors}
        for _, who in turns(list(doors), rounds=repeats):
            if who in replays:
                try:
                    replays[who].append([doors[who].replay(clip) for clip in range(len(footages))])
                except PeerFailedError as error:
                    del replays[who]
                    running.drop_named(who, error.message)
            finished()
        return LoginReport(tuple(clip.name for clip in footages), peers, replays, running)


class OwnDoor:
    """Observer and passive policy, as the web server folds them."""

    def __init__(self, engine: Engine, footages: Sequence[Footage]) -> None:
        self._engine = engine
        self._footages = footages
        self._templates = [self._enrol(footage) for footage in footages]

    def _enrol(self, footage: Footage) -> Template:
        stills = (self._engine.analyse_still(footage.frame(index)) for index in samples(footage))
        embeddings = [still.embedding for still in stills if still.embedding is not None]
        if not embeddings:
            raise BenchError(
                f"No face of {footage.name} can be enrolled.",
                remedy="Name a video of one face before a webcam with --clip.",
            )
        return template_of(embeddings)

    def replay(self, clip: int) -> Replay:
        footage, template = self._footages[clip], self._templates[clip]
        observer, state = self._engine.observer(), begin(PassivePolicy(), at_s=0.0)
        spent: list[Timing] = []

        def step(index: int) -> None:
            nonlocal state
            seen = observer.analyse(
                footage.frame(index), sequence=index, at_s=index / footage.fps, template=template
            )
            state = advance(state, seen.observation)

        for index in login_frames(footage):
            spent.append(timed(step, [index]))
            if state.verdict is not None:
                break
        verdict = state.verdict
        if verdict is None:
            return _replay("none", spent)
        return _replay(verdict.reason.value if verdict.reason else "granted", spent)


class PeerDoor:
    """A peer's embeddings and the seeds' rule: so many matching frames one after the other."""

    def __init__(
        self, name: PeerName, process: PeerProcess, footages: Sequence[Footage], folder: Path
    ) -> None:
        self._process = process
        self._footages = footages
        self._is_cosine = name is PeerName.OPENCV
        self._known: list[NDArray[np.float64]] = []
        for number, footage in enumerate(footages):
            process.share(f"clip{number}", footage.pixels, path=folder / f"{number}.raw")
            found = process.time("frame", list(samples(footage)), array=f"clip{number}").values
            self._known.append(np.array([value for value in found if value is not None]))

    def replay(self, clip: int) -> Replay:
        streak, spent = 0, []
        for index in login_frames(self._footages[clip]):
            spent.append(self._process.time("frame", [index], array=f"clip{clip}"))
            streak = streak + 1 if self._is_match(spent[-1].values[0], clip) else 0
            if streak == FRAMES_NEEDED:
                return _replay("granted", spent)
        return _replay("none", spent)

    def _is_match(self, embedding: list[float] | None, clip: int) -> bool:
        known = self._known[clip]
        if embedding is None or len(known) == 0:
            return False
        if self._is_cosine:
            return bool((known @ np.asarray(embedding)).max() >= COSINE_LIMIT)
        return bool(np.linalg.norm(known - embedding, axis=1).min() <= DISTANCE_LIMIT)


def login_frames(footage: Footage) -> range:
    """The first half of a clip."""
    return range(len(footage) // 2)


def samples(footage: Footage) -> range:
    """Frames spread over the second half of a clip."""
    half = len(footage) // 2
    return range(half, len(footage), max(1, (len(footage) - half) // SAMPLES))[:SAMPLES]


def _replay(verdict: str, spent: Sequence[Timing]) -> Replay:
    return Replay(
        verdict=verdict,
        frames=len(spent),
        wall_ms=sum(timing.wall_ms[0] for timing in spent),
        cpu_ms=sum(timing.cpu_ms[0] for timing in spent),
    )
