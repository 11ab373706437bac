"""One installation of a model pack at a time, beside the requests: begun by one, told to others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from countenance.errors import CountenanceError
from countenance.vision.downloads import Patience
from countenance.vision.installation import Source, install
from countenance.vision.ledger import ModelLedger

_PATIENCE: Final = Patience(wait_s=15.0, total_s=900.0)
_LOG = logging.getLogger(__name__)


class Stage(StrEnum):
    """How far an installation is."""

    IDLE = "idle"
    FETCHING = "fetching"
    OPENING = "opening"
    """Everything is there and checked; the engine is opened anew."""
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """What may be told of it."""

    stage: Stage = Stage.IDLE
    received_bytes: int = 0
    total_bytes: int = 0
    problem: str = ""
    """Why it failed, one sentence."""


class ModelInstallation:
    """The installation of this process; safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress = Progress()

    @property
    def progress(self) -> Progress:
        """How far the last one is."""
        with self._lock:
            return self._progress

    def begin(
        self,
        sources: Sequence[Source],
        folder: Path,
        *,
        then: Callable[[], None],
        ledger: ModelLedger | None = None,
    ) -> bool:
        """Fetch, check and place files in a thread of its own; all of them or none.

        Args:
            sources: of the files; their licences were accepted.
            folder: of the installed models.
            then: puts them into use; called in that thread.
            ledger: of this installation, in which they are listed.

        Returns: False when one is under way already.
        """
        with self._lock:
            if self._progress.stage in {Stage.FETCHING, Stage.OPENING}:
                return False
            total = sum(s.card.download.size_bytes for s in sources if s.card.download)
            self._progress = Progress(Stage.FETCHING, 0, total)
        # A stop of the server does not wait for it: nothing is placed before all is checked.
        run = threading.Thread(target=self._run, args=(sources, folder, then, ledger), daemon=True)
        run.start()
        return True

    def _run(
        self,
        sources: Sequence[Source],
        folder: Path,
        then: Callable[[], None],
        ledger: ModelLedger | None,
    ) -> None:
        received: dict[str, int] = {}

        def follow(source: Source) -> Callable[[int], None]:
            def tell(count: int) -> None:
                received[source.name] = count
                self._tell(received_bytes=sum(received.values()))

            return tell

        try:
            install(sources, folder, patience=_PATIENCE, progress=follow, ledger=ledger)
            self._tell(stage=Stage.OPENING)
            then()
        except CountenanceError as error:
            self._tell(stage=Stage.FAILED, problem=error.message)
        except Exception:  # noqa: BLE001 - nobody else would tell the page
            _LOG.exception("an installation failed")
            self._tell(stage=Stage.FAILED, problem="Something broke; see the log of the server.")
        else:
            self._tell(stage=Stage.DONE)

    def _tell(self, **changes: object) -> None:
        with self._lock:
            self._progress = replace(self._progress, **changes)  # type: ignore[arg-type]
