"""`countenance bench logins`: many whole logins at once against a real server."""

from __future__ import annotations

import json
import os
import subprocess  # nosec B404 # only commands of our own are started
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.bench.logins import Account, LevelRun
    from countenance.bench.logins_clips import Clip
    from countenance.bench.logins_report import Level
    from countenance.identity.services import Identity

PASSWORD: Final = "a door for the measure"  # noqa: S105 - of a home that is thrown away


@click.command()
@click.option(
    "--clips",
    "places",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="A video of one person before a camera, or a folder of such videos; may be repeated. "
    "A file is named like its person (ada_real.mp4); _fake in the name marks an attack.",
)
@click.option(
    "--concurrent",
    "levels",
    multiple=True,
    type=click.IntRange(1, 500),
    help="Logins at a time; may be repeated. Default 1, 5 and 20.",
)
@click.option(
    "--logins",
    default=100,
    show_default=True,
    type=click.IntRange(5, 100_000),
    help="Logins at the highest number; the others get a fifth of them.",
)
@click.option(
    "--fps",
    default=15.0,
    show_default=True,
    type=click.FloatRange(1, 60),
    help="Frames a second of each camera.",
)
@click.option("--markdown", is_flag=True, help="Print the table as Markdown.")
@json_option
@pass_session
def logins(
    session: Session,
    places: tuple[Path, ...],
    levels: tuple[int, ...],
    logins: int,
    fps: float,
    markdown: bool,
) -> None:
    """Log in many times at once from recorded clips, and tell what became of each login.

    A server of its own is started on a temporary home (gunicorn, SQLite, the engine as set);
    its users get faces by `countenance faces import` from the first third of their clip. Each
    login goes the whole way: password form, ticket, camera connection, first page. Three of five
    show the user, one another person, one an attack where there is a clip of one.

    Clients and server share this machine. Settings of the engine and of captures in this
    environment hold.

    Exit status: 0 none lost and none wrongly admitted, 1 otherwise, 2 wrong usage.

    JSON keys: cores fps people clips levels (list of concurrent logins granted refused lost
    lost_at bona_fide hostile wrongly_admitted wrongly_refused wrongly_refused_of verdict_s
    refusal_s login_s reply_s (each p50 p95 max) frames_per_s logins_per_s server_cores waits
    memory (start_mib end_mib peak_mib slope_kib_per_login)) audited_reasons lost
    wrongly_admitted.

    \b
    Examples:
      countenance bench logins --clips recordings/
      countenance bench logins --clips recordings/ --concurrent 20 --logins 500 --json
    """
    from countenance.bench.logins_clips import find_clips, read_clip
    from countenance.bench.logins_report import summarise

    paths = find_clips(places)
    with session.progress() as progress:
        clips = [
            read_clip(path, fps=fps) for path in progress.track(paths, description="Reading clips")
        ]
    rounds = _rounds(sorted(set(levels or (1, 5, 20))), logins)
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as folder:
        work = _Bench(session, Path(folder), clips, fps=fps)
        runs = work.measure(rounds)
        reasons = work.audited_reasons()
    found = [summarise(run) for run in runs]
    _tell(session, found, work, reasons, markdown=markdown)
    bad = sum(level.wrongly_admitted + sum(level.lost.values()) for level in found)
    sys.exit(1 if bad else 0)


def _rounds(levels: Sequence[int], logins: int) -> list[tuple[int, int]]:
    """Logins at a time and logins in all; the highest number gets them all."""
    fewer = max(5, logins // 5)
    return [(level, logins if level == levels[-1] else fewer) for level in levels]


class _Bench:
    """One server, its accounts and the runs against it."""

    def __init__(self, session: Session, folder: Path, clips: list[Clip], *, fps: float) -> None:
        self._session = session
        self._folder = folder
        self._home = folder / "home"
        self.fps = fps
        self.clips = clips
        self.people: list[str] = []
        """Those whose clip gave samples."""

    def measure(self, rounds: Sequence[tuple[int, int]]) -> list[LevelRun]:
        """Prepare the accounts, start the server and run every level."""
        from countenance.bench.logins import accounts_needed, plan, run_level
        from countenance.bench.logins_server import MeasuredServer

        total = sum(count for _, count in rounds)
        accounts = self._accounts(accounts_needed(total))
        clips = [clip for clip in self.clips if clip.is_attack or clip.person in self.people]
        runs, first = [], 0
        with MeasuredServer(self._home) as server, self._session.progress() as progress:
            for concurrent, count in rounds:
                task = progress.add_task(f"{concurrent} at a time", total=count)
                attempts = list(plan(clips, accounts, logins=count, first=first))
                runs.append(
                    run_level(
                        server,
                        attempts,
                        concurrent=concurrent,
                        fps=self.fps,
                        on_done=lambda task=task: progress.advance(task),  # type: ignore[misc]
                    )
                )
                first += count
        return runs

    def audited_reasons(self) -> dict[str, int]:
        """The exact reasons of all refusals, which only the audit trail tells."""
        from countenance.events import Tag

        events = self._identity().audit.list_events(tags=(Tag.LOGIN_REFUSED,), limit=1_000_000)
        return dict(sorted(Counter(event.details["reason"] for event in events).items()))

    def _accounts(self, count: int) -> list[Account]:
        from countenance.bench.logins import Account

        # Without an administrator every page leads to the set-up.
        _run(self._home, "users", "add", "bench-administrator", "--administrator", "--json")
        names = self._import(count)
        identity, accounts = self._identity(), []
        with self._session.progress() as progress:
            for name, person in progress.track(names.items(), description="Setting passwords"):
                user = identity.users.find(name)
                if user is not None:
                    identity.passwords.change(user.id, password=PASSWORD)
                    accounts.append(Account(name, PASSWORD, person))
        return accounts

    def _import(self, count: int) -> dict[str, str]:
        """Enrol by the command; login name to person, of those that gave samples."""
        people = self._write_samples()
        wanted = self._folder / "people"
        wanted.mkdir()
        names: dict[str, str] = {}
        for number in range(max(count, len(people))):
            # Shifted by one in each round, so that everybody comes to every kind of login.
            person = people[(number + number // len(people)) % len(people)]
            names[f"{person}-{number:04}"] = person
            (wanted / f"{person}-{number:04}").symlink_to(self._folder / "samples" / person)
        done = _run(self._home, "faces", "import", str(wanted), "--create-users", "--json")
        enrolled = {row["user"] for row in done["people"] if row["samples"]}
        self.people = sorted({names[name] for name in enrolled})
        left_out = sorted(set(people) - set(self.people))
        if left_out:
            self._session.note(f"Left out, no usable sample: {', '.join(left_out)}.")
        return {name: person for name, person in names.items() if name in enrolled}

    def _write_samples(self) -> list[str]:
        """A folder of photographs for each person; returns the people."""
        from countenance.bench.logins_errors import ClipsUnusableError

        people: list[str] = []
        for clip in self.clips:
            folder = self._folder / "samples" / clip.person
            if clip.is_attack or folder.exists():
                continue
            folder.mkdir(parents=True)
            for number, sample in enumerate(clip.samples):
                (folder / f"{number}.jpg").write_bytes(sample)
            people.append(clip.person)
        if not people:
            raise ClipsUnusableError(
                "There are clips of attacks only.", remedy="Add clips of people themselves."
            )
        return people

    def _identity(self) -> Identity:
        from countenance.bootstrap import build
        from countenance.settings import read_settings

        settings = read_settings({"COUNTENANCE_HOME": str(self._home)})
        return build(replace(settings)).identity


def _run(home: Path, *arguments: str) -> dict[str, Any]:
    """One of our own commands on that home; its JSON."""
    from countenance.bench.logins_errors import BenchServerError
    from countenance.bench.logins_server import environment

    done = subprocess.run(  # noqa: S603 # nosec B603 # our own command
        [sys.executable, "-m", "countenance.cli.main", "--home", str(home), *arguments],
        env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise BenchServerError(
            f"countenance {' '.join(arguments[:2])} failed.",
            remedy=f"The command said: {done.stderr[-1500:].strip() or 'nothing'}",
        ) from None
    return answer


def _tell(
    session: Session,
    levels: Sequence[Level],
    work: _Bench,
    reasons: dict[str, int],
    *,
    markdown: bool,
) -> None:
    from countenance.bench.logins_report import as_markdown

    lost = sum(sum(level.lost.values()) for level in levels)
    admitted = sum(level.wrongly_admitted for level in levels)
    if session.wants_json:
        session.answer(
            {
                "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
                "fps": work.fps,
                "people": work.people,
                "clips": [clip.name for clip in work.clips],
                "levels": [level.as_json() for level in levels],
                "audited_reasons": reasons,
                "lost": lost,
                "wrongly_admitted": admitted,
            }
        )
        return
    if markdown:
        click.echo(as_markdown(levels))
    else:
        _show(session, levels)
    told = ", ".join(f"{reason} {count}" for reason, count in reasons.items())
    click.echo(f"Refusals by the audit trail: {told or 'none'}.", err=True)
    click.echo(f"Lost: {lost}. Wrongly admitted: {admitted}.", err=True)


def _show(session: Session, levels: Sequence[Level]) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    headings = ("AT A TIME", "LOGINS", "LOST", "ADMITTED", "REFUSED",
                "p50 s", "p95 s", "max s", "FRAMES/S", "MIB")  # fmt: skip
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for level in levels:
        times, memory = level.verdict_s, level.memory
        table.add_row(
            str(level.concurrent),
            str(level.logins),
            str(sum(level.lost.values())),
            f"{level.wrongly_admitted}/{level.hostile}",
            f"{sum(level.wrongly_refused.values())}/{level.bona_fide}",
            *([f"{s:.1f}" for s in (times.p50, times.p95, times.max)] if times else "---"),
            f"{level.frames_per_s:.0f}",
            f"{memory.end_mib:.0f}" if memory else "-",
        )
    session.console.print(table)
    click.echo("ADMITTED of hostile, REFUSED of true users; seconds from first frame to verdict.")
    for level in levels:
        if level.memory and level.server_cores is not None:
            click.echo(
                f"At {level.concurrent} a time the server used {level.server_cores:.2f} cores and "
                f"grew by {level.memory.slope_kib_per_login:+.1f} KiB a login."
            )
