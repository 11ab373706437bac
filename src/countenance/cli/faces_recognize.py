"""`countenance faces recognize`: watch a camera or video, in a window, a video or as text."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.biometrics.identification import Gallery
    from countenance.cli.recognition import Sighting, Watch
    from countenance.images.drawing import Overlay, Tone
    from countenance.images.image import Image
    from countenance.images.video import VideoReader, VideoWriter
    from countenance.vision.engine import Engine


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for."""

    source: str
    output: Path | None
    user: str | None
    frames: int | None
    max_seconds: float | None

    @property
    def is_camera(self) -> bool:
        """Whether the source is a camera's number."""
        return self.source.isdecimal()


@click.command()
@click.option("--source", required=True, help="A camera number such as 0, or a video file.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the annotated video to this file (.mp4, .webm, .mkv or .avi).",
)
@click.option(
    "--policy",
    expose_value=False,  # there is one so far; a further one is a choice, not a new option
    type=click.Choice(["passive"]),
    default="passive",
    show_default=True,
    help="passive: consecutive frames that are bona fide and match.",
)
@click.option("--user", help="Compare with this user only (1:1); default all who are enrolled.")
@click.option(
    "--frames",
    type=click.IntRange(1, 1000),
    help="Consecutive good frames for a grant; default COUNTENANCE_LOGIN_FRAMES or 10.",
)
@click.option("--max-seconds", type=click.FloatRange(0.1), help="Look at no more than this.")
@json_option
@pass_session
def recognize(
    session: Session,
    source: str,
    output: Path | None,
    user: str | None,
    frames: int | None,
    max_seconds: float | None,
) -> None:
    """Watch a camera or video the way a login does: box, name, bona fide or attack, verdict.

    With --output every frame is written with its box (green: bona fide and enrolled), name,
    frame counter and verdict, at the rate of the source. A camera without --output shows a window
    where the installed OpenCV has windows (the headless one that comes with this product has
    none), else a line of text per change. A camera stops at the verdict, a file is read to its
    end. Nobody is logged in and no frame is kept.

    Exit status: 0 authorized, 1 unauthorized or an error, 2 wrong usage.

    JSON keys: authorized user reason frames frames_with_face frames_judged attack_frames
    decided_at_s frames_needed output.

    \b
    Examples:
      countenance faces recognize --source 0
      countenance faces recognize --source clip.mp4 --output annotated.mp4
      countenance faces recognize --source clip.mp4 --user ada --json
    """
    wish = Wish(source, output, user, frames, max_seconds)
    engine = session.container.engine
    watch = _watch(session, engine, wish)
    with _open(wish) as reader, _sink(session, wish, reader) as sink:
        _look(session, wish, reader, watch, sink)
    _conclude(session, wish, watch)


def _watch(session: Session, engine: Engine, wish: Wish) -> Watch:
    from countenance.ceremony.policy import PassivePolicy
    from countenance.cli.enrolled import threshold_for
    from countenance.cli.recognition import Watch

    login = session.settings.login
    policy = PassivePolicy(
        frames_needed=wish.frames or login.frames,
        time_limit_s=replace(login, policy="passive").time_limit_s,
    )
    gallery, names = _enrolled(session, engine, wish.user)
    threshold = engine.thresholds.match_similarity
    if wish.user is None:
        threshold = threshold_for(session, engine, gallery)
    return Watch(engine, gallery, threshold=threshold, names=names, policy=policy)


def _enrolled(session: Session, engine: Engine, name: str | None) -> tuple[Gallery, dict[str, str]]:
    """Whom faces are compared with, and the names of them."""
    from countenance.biometrics.identification import Gallery
    from countenance.cli.enrolled import open_gallery, user_names
    from countenance.cli.users import find_user
    from countenance.errors import ConfigurationError

    if name is None:
        gallery = open_gallery(session, engine)
        if not len(gallery):
            session.note("Nobody is enrolled: faces are boxed, nobody is recognised.")
        return gallery, user_names(session, gallery.keys())
    user = find_user(session, name)
    template = session.container.identity.vault.load(user.id)
    if template is None or template.pack != engine.pack:
        raise ConfigurationError(
            f"{user.name} has no face that this engine can compare.",
            remedy=f"Enrol one: countenance faces enrol {user.name} --source 0",
        )
    return Gallery.of([(user.id, template)], pack=engine.pack), {user.id: user.name}


def _open(wish: Wish) -> VideoReader:
    from countenance.images.sources import open_source

    return open_source(wish.source)


class Sink(Protocol):
    """Where annotated frames go."""

    def show(self, image: Image, overlay: Overlay, *, at_s: float) -> bool:
        """Take a frame; False when the person asked to stop."""


class _VideoSink:
    def __init__(self, writer: VideoWriter) -> None:
        self._writer = writer

    def show(self, image: Image, overlay: Overlay, *, at_s: float) -> bool:
        from countenance.images.drawing import draw

        self._writer.write(draw(image, overlay), at_s=at_s)
        return True


class _WindowSink:
    def show(self, image: Image, overlay: Overlay, *, at_s: float) -> bool:
        from countenance.images.drawing import draw
        from countenance.images.window import show

        return show(draw(image, overlay), title="Countenance (q closes)")


class _TextSink:
    """One line on standard error whenever something changes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told = ""

    def show(self, image: Image, overlay: Overlay, *, at_s: float) -> bool:
        labels = ", ".join(mark.label for mark in overlay.marks if mark.label) or "no face"
        line = "  ".join(part for part in (overlay.counter, labels, overlay.banner) if part)
        if line != self._told:
            self._session.note(f"{at_s:6.1f} s  {line}")
            self._told = line
        return True


@contextlib.contextmanager
def _sink(session: Session, wish: Wish, reader: VideoReader) -> Iterator[Sink | None]:
    from countenance.images.video import VideoWriter
    from countenance.images.window import can_open_window, close_windows

    if wish.output is not None:
        with VideoWriter(wish.output, fps=reader.fps) as writer:
            yield _VideoSink(writer)
    elif not wish.is_camera:
        yield None
    elif can_open_window() and not session.wants_json:
        try:
            yield _WindowSink()
        finally:
            close_windows()
    else:
        session.note(
            "The installed OpenCV is the headless one and cannot open a window; what is seen is "
            "told as text. Use --output for an annotated video."
        )
        yield _TextSink(session)


def _look(
    session: Session, wish: Wish, reader: VideoReader, watch: Watch, sink: Sink | None
) -> None:
    began_s = time.monotonic()
    with session.progress() as progress:
        task = progress.add_task("Watching", total=_expected_frames(wish, reader))
        for frame in reader.frames():
            at_s = time.monotonic() - began_s if wish.is_camera else frame.at_s
            if wish.max_seconds is not None and at_s > wish.max_seconds:
                break
            sighting = watch.see(frame, at_s=at_s)
            overlay = _overlay(sighting, watch)
            if sink is not None and not sink.show(frame.image, overlay, at_s=at_s):
                break
            progress.update(task, completed=frame.index + 1)
            if wish.is_camera and watch.verdict is not None:
                break


def _expected_frames(wish: Wish, reader: VideoReader) -> int | None:
    if wish.max_seconds is None or reader.frame_count is None:
        return reader.frame_count
    return min(reader.frame_count, round(wish.max_seconds * reader.fps) + 1)


def _overlay(sighting: Sighting, watch: Watch) -> Overlay:
    from countenance.images.drawing import Mark, Overlay, Tone

    marks = [Mark(box, Tone.NEUTRAL) for box in sighting.others]
    if sighting.box is not None:
        marks.append(Mark(sighting.box, _tone(sighting), _label(sighting)))
    verdict = watch.verdict
    if verdict is None:
        done, needed = sighting.state.progress
        return Overlay(tuple(marks), f"{done}/{needed}", _hint(sighting))
    done = watch.needed if verdict.is_granted else 0
    banner = f"Authorized: {watch.user}" if verdict.is_granted else "Unauthorized"
    tone = Tone.GOOD if verdict.is_granted else Tone.BAD
    return Overlay(tuple(marks), f"{done}/{watch.needed}", banner, tone)


def _tone(sighting: Sighting) -> Tone:
    from countenance.images.drawing import Tone

    if sighting.is_bona_fide is None:
        return Tone.NEUTRAL
    return Tone.GOOD if sighting.is_bona_fide and sighting.name else Tone.BAD


def _label(sighting: Sighting) -> str:
    if sighting.is_bona_fide is None:
        return ""
    kind = "bona fide" if sighting.is_bona_fide else "attack"
    return f"{sighting.name or 'unknown'}, {kind}"


def _hint(sighting: Sighting) -> str:
    from countenance.cli.wording import HINTS

    return HINTS[sighting.state.hint]


def _conclude(session: Session, wish: Wish, watch: Watch) -> None:
    from countenance.cli.wording import REASONS

    verdict, tally = watch.conclude(), watch.tally
    if session.wants_json:
        session.answer(
            {
                "authorized": verdict.is_granted,
                "user": watch.user,
                "reason": verdict.reason,
                "frames": tally.frames,
                "frames_with_face": tally.frames_with_face,
                "frames_judged": tally.frames_judged,
                "attack_frames": tally.attack_frames,
                "decided_at_s": watch.decided_at_s,
                "frames_needed": watch.needed,
                "output": str(wish.output) if wish.output else None,
            }
        )
    elif verdict.reason is None:
        click.echo(f"Authorized: {watch.user}, after {watch.decided_at_s:.1f} s.")
    else:
        click.echo(f"Unauthorized: {REASONS[verdict.reason]}.")
    if not session.wants_json:
        click.echo(
            f"{tally.frames} frames, {tally.frames_with_face} with a face, "
            f"{tally.frames_judged} judged, {tally.attack_frames} of them an attack."
        )
        if wish.output:
            click.echo(f"Written: {wish.output}")
    sys.exit(0 if verdict.is_granted else 1)
