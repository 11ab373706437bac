"""`countenance pad demo`: a video with what liveness detection sees drawn over it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.ceremony.verdict import Verdict
    from countenance.images.drawing import Gauge, Overlay, Panel, Tone
    from countenance.images.video import VideoReader, VideoWriter
    from countenance.vision.pad_watch import PadWatch, Reading

CAMERA_SECONDS: Final = 15.0
VALUE_SUFFIXES: Final = (".csv", ".json")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for."""

    source: str
    output: Path
    fps: float | None
    values: Path | None
    max_seconds: float | None


@click.command()
@click.option("--input", "source", required=True, help="A video file, or a camera number.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The annotated video (.mp4, .webm, .mkv or .avi).",
)
@click.option(
    "--fps", type=click.FloatRange(1, 240), help="Frames per second of it; default the input's."
)
@click.option(
    "--values",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write what each frame gave, to a .csv or .json file.",
)
@click.option(
    "--max-seconds",
    type=click.FloatRange(0.1),
    help="Look at no more than this; default all of a file, 15 s of a camera.",
)
@json_option
@pass_session
def demo(
    session: Session,
    source: str,
    output: Path,
    fps: float | None,
    values: Path | None,
    max_seconds: float | None,
) -> None:
    """Draw over a video what liveness detection sees in it.

    Every frame is looked at as a login looks at it and gets a box (green: bona fide, red: attack,
    grey: not judged), the verdict in words, the score as a bar with its threshold, head pose and
    eye openness, its number and time. The counter tells consecutive bona fide frames. Nobody is
    recognised. Eye openness is for the eye of the reader: nothing decides by it. Sound is not
    kept.

    Exit status: 0 the video was written, 1 an error, 2 wrong usage.

    JSON keys: output frames frames_with_face frames_judged bona_fide_frames share_bona_fide
    longest_run frames_needed passive_rule_met passive_reason decided_at_s threshold values.
    With --values, of each frame: frame at_s faces repeated x0 y0 x1 y1 hint bona_fide
    bona_fide_score yaw_deg pitch_deg roll_deg eye_openness.

    \b
    Examples:
      countenance pad demo --input clip.mp4 --output annotated.mp4
      countenance pad demo --input clip.mp4 --output annotated.webm --values frames.csv --json
      countenance pad demo --input 0 --output me.mp4 --max-seconds 10
    """
    if values is not None and values.suffix.lower() not in VALUE_SUFFIXES:
        raise click.UsageError("--values takes a file that ends in .csv or .json.")
    if values is not None and not values.parent.is_dir():
        raise click.UsageError(f"The folder of --values, {values.parent}, does not exist.")
    if max_seconds is None and source.isdecimal():
        max_seconds = CAMERA_SECONDS
    wish = Wish(source, output, fps, values, max_seconds)
    watch, readings = _watch(session, wish)
    if values is not None:
        from countenance.cli.pad_values import write_values

        write_values(values, readings)
    _conclude(session, wish, watch, session.container.engine.pad.threshold)


def _watch(session: Session, wish: Wish) -> tuple[PadWatch, list[Reading]]:
    from countenance.ceremony.policy import PassivePolicy
    from countenance.images.sources import open_source
    from countenance.images.video import VideoWriter
    from countenance.vision.pad_watch import PadWatch

    login = session.settings.login
    policy = PassivePolicy(frames_needed=login.frames, time_limit_s=login.time_limit_s)
    watch = PadWatch(session.container.engine.observer(), policy=policy)
    readings: list[Reading] = []
    with (
        open_source(wish.source) as reader,
        VideoWriter(wish.output, fps=wish.fps or reader.fps) as writer,
    ):
        _look(session, wish, reader, watch, readings, writer)
    return watch, readings


def _look(
    session: Session,
    wish: Wish,
    reader: VideoReader,
    watch: PadWatch,
    readings: list[Reading],
    writer: VideoWriter,
) -> None:
    from countenance.images.drawing import draw

    is_camera, began_s, next_place = wish.source.isdecimal(), time.monotonic(), 0
    with session.progress() as progress:
        task = progress.add_task("Watching", total=reader.frame_count)
        for frame in reader.frames():
            at_s = time.monotonic() - began_s if is_camera else frame.at_s
            if wish.max_seconds is not None and at_s > wish.max_seconds:
                break
            readings.append(watch.see(frame, at_s=at_s))
            place = frame.index if wish.fps is None else round(at_s * wish.fps)
            if place >= next_place:
                writer.write(draw(frame.image, _overlay(readings[-1])), at_s=at_s)
                next_place = place + 1
            progress.update(task, completed=frame.index + 1)


def _overlay(reading: Reading) -> Overlay:
    from countenance.cli.wording import HINTS
    from countenance.images.drawing import Mark, Overlay, Tone

    tone, word = _tone(reading), "No face"
    if reading.is_bona_fide is not None:
        word = "Bona fide" if reading.is_bona_fide else "Attack"
    elif reading.is_repeated:
        word = "Repeated frame"
    elif reading.hint is not None:
        word = f"Not judged: {HINTS[reading.hint].lower()}"
    marks = (Mark(reading.box, tone),) if reading.box else ()
    done, needed = reading.progress
    is_judged = tone is not Tone.NEUTRAL
    return Overlay(
        marks, f"{done}/{needed}", word, tone if is_judged else Tone.NEUTRAL, _panel(reading)
    )


def _tone(reading: Reading) -> Tone:
    from countenance.images.drawing import Tone

    if reading.is_bona_fide is None:
        return Tone.NEUTRAL
    return Tone.GOOD if reading.is_bona_fide else Tone.BAD


def _panel(reading: Reading) -> Panel:
    from countenance.images.drawing import Gauge, Panel

    lines = [f"frame {reading.frame}  {reading.at_s:.2f} s"]
    if reading.pose is not None:
        yaw, pitch = round(reading.pose.yaw_deg), round(reading.pose.pitch_deg)
        turned = f"turn {abs(yaw)} {'left' if yaw > 0 else 'right'}" if yaw else "turn 0"
        raised = f"look {abs(pitch)} {'up' if pitch > 0 else 'down'}" if pitch else "look 0"
        lines.append(f"{turned}  {raised}")
    gauges: list[Gauge] = []
    if reading.score is not None:
        score = reading.score
        gauges.append(Gauge("live", score.value, score.threshold, _tone(reading)))
    if reading.eye_openness is not None:
        gauges.append(Gauge("eyes", reading.eye_openness))
    return Panel(tuple(lines), tuple(gauges))


def _conclude(session: Session, wish: Wish, watch: PadWatch, threshold: float) -> None:
    verdict, tally = watch.conclude(), watch.tally
    share = tally.share_bona_fide
    if session.wants_json:
        session.answer(
            {
                "output": str(wish.output),
                "frames": tally.frames,
                "frames_with_face": tally.with_face,
                "frames_judged": tally.judged,
                "bona_fide_frames": tally.bona_fide,
                "share_bona_fide": None if share is None else round(share, 4),
                "longest_run": tally.longest_run,
                "frames_needed": session.settings.login.frames,
                "passive_rule_met": verdict.is_granted,
                "passive_reason": verdict.reason,
                "decided_at_s": watch.decided_at_s,
                "threshold": threshold,
                "values": str(wish.values) if wish.values else None,
            }
        )
        return
    judged = f"{tally.judged} judged"
    if share is not None:
        judged += f", {share:.0%} of them bona fide, {tally.longest_run} in a row at most"
    click.echo(f"{tally.frames} frames, {tally.with_face} with a face, {judged}.")
    click.echo(_in_words(verdict, watch))
    for path in (wish.output, wish.values):
        if path is not None:
            click.echo(f"Written: {path}")


def _in_words(verdict: Verdict, watch: PadWatch) -> str:
    from countenance.cli.wording import REASONS

    if verdict.reason is None:
        return f"A passive login's rule is met after {watch.decided_at_s:.1f} s."
    return f"A passive login's rule is not met: {REASONS[verdict.reason]}."
