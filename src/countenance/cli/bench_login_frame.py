"""`countenance bench login-frame`: one encoded frame, step by step."""

from __future__ import annotations

from pathlib import Path

import click

from countenance.cli.context import Session, json_option, pass_session


@click.command("login-frame")
@click.option(
    "--source",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A JPEG or WebP frame as a browser sends it, at most 1280 pixels a side and 300 kB; "
    "default a public-domain portrait where scikit-image carries it, else a pattern.",
)
@click.option("--frames", default=60, show_default=True, type=click.IntRange(5, 10_000))
@json_option
@pass_session
def login_frame(session: Session, source: Path | None, frames: int) -> None:
    """Time each step of one login frame: median over many, one after the other.

    JSON keys: frames width_px height_px threads source decode_ms detect_ms quality_ms pad_ms
    embed_ms total_ms frames_per_s.

    \b
    Examples:
      countenance bench login-frame
      countenance bench login-frame --source webcam.jpg --frames 200 --json
    """
    from countenance.bench.login_frame import measure_login_frame, own_frame

    data, shown = (source.read_bytes(), str(source)) if source else own_frame()
    result = measure_login_frame(session.container.engine, data, frames=frames)
    if session.wants_json:
        threads = session.settings.engine.threads
        session.answer({**result.as_json(), "threads": threads, "source": shown})
        return
    click.echo(
        f"One login frame ({shown}) of {result.width_px} x {result.height_px}, "
        f"median of {frames}, {session.settings.engine.threads} thread(s):"
    )
    for name, value in result.stages_ms.items():
        click.echo(f"  {name:8} {value:7.2f} ms")
    click.echo(f"  {'total':8} {result.total_ms:7.2f} ms   {1000 / result.total_ms:.0f} frames/s")
