"""Rows of a manifest to scores, as `evaluate pad` and `pad promote` need them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from countenance.cli.context import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from countenance.bootstrap import Container
    from countenance.datasets.manifest import Kind, Presentation
    from countenance.datasets.scores import ScoredPresentation
    from countenance.evaluation.pad_clips import ClipSession
    from countenance.vision.engine import Engine


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a manifest holds of one kind."""

    everything: tuple[Presentation, ...]
    """Of every kind."""
    chosen: tuple[Presentation, ...]
    """Captures of the kind that was asked for."""
    not_captured: int
    """Rows of that kind that no camera took of a live person."""
    root: Path
    """Folder that file names are told from."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a detector said."""

    scored: tuple[ScoredPresentation, ...]
    threshold: float
    unreadable: dict[Path, str] = field(default_factory=dict)
    sessions: tuple[ClipSession, ...] = ()
    """Of clips."""


def rows_of(manifest: Path, *, root: Path | None, kind: Kind) -> Rows:
    """Read a manifest and see that rates can be told of it, before the long work.

    Raises: ManifestError: it makes no sense. DatasetError: no row of the kind, one class alone, or
        files that are not there.
    """
    from countenance.datasets.errors import DatasetError
    from countenance.datasets.manifest import read_manifest

    everything = read_manifest(manifest, root=root)
    of_kind = [row for row in everything if row.kind is kind]
    chosen = tuple(row for row in of_kind if row.is_capture)
    if not of_kind:
        counts = Counter(row.kind.value for row in everything)
        have = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        raise DatasetError(
            f"The manifest {manifest} has no row of the kind {kind}; it has {have}.",
            remedy="Name one of these with --kind.",
        )
    bona_fide = sum(row.is_bona_fide for row in chosen)
    if bona_fide in (0, len(chosen)):
        have = "attacks" if bona_fide == 0 else "bona fide presentations"
        raise DatasetError(
            f"The rows of the kind {kind} are {have} alone, so no error rate can be told.",
            remedy="Add the other class, or check the labels (bona_fide, attack).",
        )
    _refuse_missing(chosen)
    return Rows(everything, chosen, len(of_kind) - len(chosen), root or manifest.parent)


def _refuse_missing(rows: Sequence[Presentation]) -> None:
    from countenance.datasets.errors import DatasetError

    missing = [row.path for row in rows if not row.path.is_file()]
    if missing:
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DatasetError(
            f"{missing[0]}{others} of the manifest is not there.",
            remedy="Check the paths in the manifest and --root.",
        )


def container_with(session: Session, card: Path | None) -> Container:
    """The parts of this installation with another passive detector; None keeps the one in use."""
    if card is None:
        return session.container
    from countenance.bootstrap import build

    settings = session.settings
    return build(replace(settings, engine=replace(settings.engine, pad_card=str(card))))


def judge(session: Session, engine: Engine, rows: Rows, kind: Kind, *, title: str) -> Judged:
    """Let the detector of an engine judge the chosen rows; damaged files are told and left out.

    Raises: ImageError: a file cannot be opened. ModelInvalidError: no view for this kind.
    """
    from countenance.datasets.manifest import Kind
    from countenance.evaluation.pad_scoring import score_crops, score_frames
    from countenance.vision.interfaces import CROP_THRESHOLD

    unreadable: dict[Path, str] = {}

    def leave_out(path: Path, why: str) -> None:
        unreadable[path] = why
        session.note(f"Unreadable: {path}: {why}")

    with session.progress() as progress:
        tracked = progress.track(rows.chosen, description=title)
        if kind is Kind.CLIP:
            return _judge_clips(session, engine, tracked, unreadable)
        if kind is Kind.TIGHT_CROP:
            crops = score_crops(tracked, pad=engine.pad, on_unreadable=leave_out)
            return Judged(tuple(crops), CROP_THRESHOLD, unreadable)
        frames = score_frames(
            tracked, detector=engine.detector, pad=engine.pad, on_unreadable=leave_out
        )
        return Judged(tuple(frames), engine.pad.threshold, unreadable)


def _judge_clips(
    session: Session, engine: Engine, clips: Iterable[Presentation], unreadable: dict[Path, str]
) -> Judged:
    from countenance.ceremony.policy import PassivePolicy
    from countenance.evaluation.pad_clips import session_of, watch
    from countenance.images.errors import VideoUnreadableError
    from countenance.images.video import open_video

    policy = replace(PassivePolicy(), frames_needed=session.settings.login.frames)
    threshold, sessions = engine.pad.threshold, []
    for clip in clips:
        try:
            with open_video(clip.path) as video:
                seen = watch(video.frames(), engine.observer(), limit_s=policy.time_limit_s)
        except VideoUnreadableError as error:
            unreadable[clip.path] = error.message.removeprefix(f"{clip.path} ")
            session.note(f"Unreadable: {error.message}")
            continue
        sessions.append(session_of(clip, seen, policy=policy, threshold=threshold))
    scored = tuple(one.scored for one in sessions)
    return Judged(scored, threshold, unreadable, tuple(sessions))
