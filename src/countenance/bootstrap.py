"""Settings to objects: the one place that chooses back-ends."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from countenance.clock import Clock, SystemClock
from countenance.errors import ConfigurationError
from countenance.settings import Settings

if TYPE_CHECKING:
    from countenance.identity.services import Identity
    from countenance.vision.engine import Engine
    from countenance.vision.ledger import ModelLedger
    from countenance.vision.pad_fusion import SecondOpinionState
    from countenance.vision.pad_service import PadInService


class Container:
    """The parts of one process, each made when it is first asked for.

    Commands that need no engine never load one.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()

    @cached_property
    def identity(self) -> Identity:
        """Users, templates, sessions; migrates the database when it is older than the code."""
        from countenance.identity.services import open_identity

        prepare_home(self.settings.home)
        return open_identity(self.settings, clock=self.clock)

    @cached_property
    def ledger(self) -> ModelLedger:
        """What this installation knows of its models; opens the database when it is first asked."""
        from countenance.vision.found_models import found_models
        from countenance.vision.ledger import ModelLedger

        folder = self.settings.home / "models"
        return ModelLedger(
            folder,
            book=lambda: self.identity.manifest_book,
            find=lambda promoted: found_models(folder, promoted_sha256=promoted),
        )

    @cached_property
    def pad_in_service(self) -> PadInService:
        """Which passive detector logins use.

        Raises: VisionError: one was promoted and is not as it was.
        """
        from countenance.vision.backends.onnx.pad import shipped_pad_card
        from countenance.vision.pad_service import pad_in_service

        folder = self.settings.home / "models"
        return pad_in_service(
            folder,
            setting=self.settings.engine.pad_card,
            shipped=shipped_pad_card(),
            # To look at an installation that is not there yet makes no database; opening the
            # engine asks the ledger in any case.
            ledger=self.ledger if folder.exists() else None,
        )

    @property
    def second_opinion(self) -> SecondOpinionState:
        """Whether logins ask for a second opinion on presentation attacks; reads no weights.

        Raises: VisionError: the card of the detector in service cannot be read.
        """
        from countenance.vision.model_store import ModelStore
        from countenance.vision.pad_card import read_pad_card
        from countenance.vision.pad_fusion import second_opinion_state

        return second_opinion_state(
            ModelStore(self.settings.home / "models"),
            detector_sha256=read_pad_card(self.pad_in_service.card).sha256,
            is_on=self.settings.engine.pad_fusion == "auto",
        )

    @cached_property
    def engine(self) -> Engine:
        """The inference engine; checks all listed models and prepares those in use.

        Raises: VisionError: a model is missing, altered or not listed, or the manifest is.
        """
        return self._open_engine()

    def renew_engine(self) -> None:
        """Open the engine anew, as after an installation; captures under way keep the earlier one.

        Raises: VisionError: a model is missing or altered; the earlier engine stays in use.
        """
        self.__dict__["engine"] = self._open_engine()

    def _open_engine(self) -> Engine:
        from countenance.vision.engine import open_engine
        from countenance.vision.pad_service import Chosen
        from countenance.vision.pins import check_pin
        from countenance.vision.precision import precision_named

        self.ledger.check_all()
        # The manifest does not speak of a card that the settings name, wherever it lies.
        is_given = self.pad_in_service.chosen is Chosen.SETTING
        return open_engine(
            self.settings.home / "models",
            pad_card=self.pad_in_service.card,
            pad_fusion=self.settings.engine.pad_fusion == "auto",
            threads=self.settings.engine.threads,
            pack=self.settings.engine.pack,
            precision=precision_named(self.settings.engine.precision),
            ledger=self.ledger,
            check_pad=check_pin if is_given else self.ledger.check,
        )


def build(settings: Settings, *, clock: Clock | None = None) -> Container:
    """Bundle the parts of this process; nothing is opened yet."""
    return Container(settings, clock=clock)


def prepare_home(home: Path) -> None:
    """Make the home directory, for its owner only.

    Raises: ConfigurationError: it cannot be made or written.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = home / f".write-{os.getpid()}"
        try:
            probe.write_bytes(b"countenance")
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The home directory {home} cannot be written: {error.strerror or error}.",
            remedy="Free space or change its permissions, or set COUNTENANCE_HOME to another one.",
        ) from error
