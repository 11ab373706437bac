"""From a peer's name to its running worker."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from countenance.bench.errors import BenchError
from countenance.bench.peers.catalogue import PLANS, PeerName
from countenance.bench.peers.environment import environment_python
from countenance.bench.peers.process import PeerProcess, thread_limits
from countenance.vision.cards import shipped_card
from countenance.vision.model_store import ModelStore


@dataclass(frozen=True, slots=True)
class PeerSetup:
    """What peers are started with."""

    home: Path
    """Home directory: models are looked for there, environments are made in its `bench`."""
    threads: int
    tell: Callable[[str], None]
    pythons: Mapping[PeerName, Path] = field(default_factory=dict)
    """Interpreters to use in place of environments of our own."""


@dataclass(slots=True)
class Peers:
    """The peers of one measurement: those that run, and why others do not."""

    running: dict[PeerName, PeerProcess] = field(default_factory=dict)
    absent: dict[PeerName, str] = field(default_factory=dict)
    """Name to the reason, one sentence."""

    def drop(self, name: PeerName, reason: str) -> None:
        """Go on without a peer."""
        self.running.pop(name).close()
        self.absent[name] = reason

    def drop_named(self, name: str, reason: str) -> None:
        """The same for a peer by the word that stands for it."""
        self.drop(PeerName(name), reason)

    def as_json(self) -> dict[str, object]:
        """Name to `title available versions` or `title available reason`."""
        running = {
            name.value: {
                "title": PLANS[name].title,
                "available": True,
                "versions": process.versions,
            }
            for name, process in self.running.items()
        }
        absent = {
            name.value: {"title": PLANS[name].title, "available": False, "reason": reason}
            for name, reason in self.absent.items()
        }
        return {**running, **absent}


def start_peers(names: Sequence[PeerName], *, setup: PeerSetup, closing: ExitStack) -> Peers:
    """Start every peer that this machine can run; the others are told with their reason.

    Args:
        names: whom to start.
        setup: with what.
        closing: ends the workers.
    """
    peers = Peers()
    for name in names:
        try:
            peers.running[name] = closing.enter_context(_start(name, setup))
        except BenchError as error:
            setup.tell(f"Without {name}: {error.message}")
            peers.absent[name] = error.message
    return peers


def _start(name: PeerName, setup: PeerSetup) -> PeerProcess:
    plan = PLANS[name]
    python = setup.pythons.get(name) or environment_python(
        plan.lock, folder=setup.home / "bench", tell=setup.tell
    )
    options = json.dumps({"threads": setup.threads, **_weights(name, setup.home)})
    # Only the folder of the workers is added to the peer's path, never our own packages.
    path = {"PYTHONPATH": str(Path(__file__).parent), "PYTHONSAFEPATH": "1"}
    return PeerProcess(
        [str(python), "-m", f"workers.{plan.worker}", options],
        name=name.value,
        environ={**path, **thread_limits(setup.threads)},
    )


def _weights(name: PeerName, home: Path) -> dict[str, object]:
    """The very files that our engine prepares, checked against their cards.

    Raises: VisionError: missing or altered.
    """
    if name is not PeerName.OPENCV:
        return {}
    store, yunet, sface = ModelStore(home / "models"), shipped_card("yunet"), shipped_card("sface")
    for card in (yunet, sface):
        store.verified(card)
    return {
        "detector": str(store.source(yunet)),
        "embedder": str(store.source(sface)),
        "score_threshold": yunet.needed_threshold(),
        "nms_iou": float(yunet.parameters["nms_iou"]),
    }
