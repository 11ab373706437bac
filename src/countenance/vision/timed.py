"""An engine whose steps are timed, for whoever watches the server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import wraps
from typing import Any, Final, cast

from countenance.vision.engine import Engine
from countenance.vision.interfaces import FaceDetector, FaceEmbedder, PadModel

Watch = Callable[[str], AbstractContextManager[None]]
"""Times what happens within, under the name of a stage."""
DETECT: Final = "detect"
EMBED: Final = "embed"
PAD: Final = "pad"


def timed(engine: Engine, watch: Watch) -> Engine:
    """The same engine; each frame's detection, embedding and passive detection is timed."""
    frames = engine.frame_embedder
    return replace(
        engine,
        detector=cast(FaceDetector, _Timed(engine.detector, "detect", watch, DETECT)),
        embedder=cast(FaceEmbedder, _Timed(engine.embedder, "embed", watch, EMBED)),
        pad=cast(PadModel, _Timed(engine.pad, "score", watch, PAD)),
        frame_embedder=None
        if frames is None
        else cast(FaceEmbedder, _Timed(frames, "embed", watch, EMBED)),
    )


class _Timed:
    """Another object in all but the time that one of its methods takes."""

    def __init__(self, inner: object, method: str, watch: Watch, stage: str) -> None:
        self._inner = inner
        call = getattr(inner, method)

        @wraps(call)
        def measured(*arguments: Any, **named: Any) -> Any:
            with watch(stage):
                return call(*arguments, **named)

        setattr(self, method, measured)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
