"""`countenance bench pages`: every page of a full house, and what a refused login tells."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import click

from countenance.cli.bench_options import measured_on
from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from flask import Flask

    from countenance.bench.pages import Answer, PageTimes
    from countenance.bootstrap import Container
    from countenance.identity.crowd import Crowd
    from countenance.images.image import Image
    from countenance.pad.camera import CameraScores
    from countenance.vision.engine import StillAnalysis
    from countenance.web.capture.course import FrameObserver

LIMIT_MS: Final = 200
"""No page of ten thousand users may take longer."""
COOKIE: Final = "countenance"
_TOKEN: Final = re.compile(rb'csrf-token" content="([^"]+)"')
KINDS: Final = ("unknown", "known", "disabled", "invited")


@click.command()
@click.option("--users", default=10_000, show_default=True, type=click.IntRange(100, 1_000_000))
@click.option("--events", default=20_000, show_default=True, type=click.IntRange(0, 10_000_000))
@click.option("--repeats", default=20, show_default=True, type=click.IntRange(2, 1000))
@click.option(
    "--limit-ms", default=LIMIT_MS, show_default=True, type=click.IntRange(1),
    help="A page whose p95 is above it is marked, and the exit status is 1.",
)  # fmt: skip
@json_option
@pass_session
def pages(session: Session, users: int, events: int, repeats: int, limit_ms: int) -> None:
    """Open every page of an installation with thousands of users, as every role.

    A home of its own is made in a temporary folder and filled with made-up people, templates and
    refused attempts. Pages are asked of the real application in this process, without a network:
    server time from the request to the last byte. Pages that show no camera are all there is; no
    engine is loaded. No page that is opened hashes a password; what argon2id costs stands in the
    refused logins: wrong passwords of names that are unknown, known, disabled and invited, in
    turn, whose answers must not differ and whose times should not.

    Exit status: 0 all pages within the limit, 1 one above it, 2 wrong usage.

    JSON keys: pages (list of path person status median_ms p95_ms cpu_ms), slow (list of paths),
    logins (list of kind median_ms p95_ms cpu_ms), same_answers, users, events, repeats, limit_ms,
    machine.

    \b
    Examples:
      countenance bench pages
      countenance bench pages --users 100000 --json
    """
    with tempfile.TemporaryDirectory() as folder:
        house = _open_house(session, Path(folder), users=users, events=events)
        times = list(_measure(session, house, repeats=repeats))
        logins, same = _refused_logins(house, repeats=repeats)
        house.container.identity.close()
    slow = [entry.path for entry in times if entry.p95_ms > limit_ms]
    if session.wants_json:
        session.answer(
            {
                "pages": [entry.as_json() for entry in times],
                "slow": slow,
                "logins": [_login_json(entry) for entry in logins],
                "same_answers": same,
                "users": users,
                "events": events,
                "repeats": repeats,
                "limit_ms": limit_ms,
                "machine": measured_on(1)["machine"],
            }
        )
    else:
        _show(session, times, logins, same=same, limit_ms=limit_ms)
    if slow or not same:
        raise SystemExit(1)


@dataclass(frozen=True, slots=True)
class House:
    """An installation that is full."""

    app: Flask
    container: Container
    crowd: Crowd


class _NoEngine:
    """Stands in for the engine: says which pack is in use, and looks at nothing."""

    def __init__(self, pack: str) -> None:
        self.pack = pack

    def identification_threshold(self, *, enrolled: int, fpir: float) -> float:
        raise NotImplementedError("no face is compared here")

    @property
    def match_similarity(self) -> float:
        raise NotImplementedError("no face is compared here")

    def analyse_still(self, image: Image) -> StillAnalysis:
        raise NotImplementedError("no photograph is looked at here")

    @property
    def detector(self) -> str:
        return ""

    def threshold_shift(self, scores: CameraScores | None) -> float:
        return 0.0

    def new_observer(self, *, enrols: bool = False) -> FrameObserver:
        raise NotImplementedError("no camera is opened here")


def _open_house(session: Session, home: Path, *, users: int, events: int) -> House:
    from countenance.bootstrap import build
    from countenance.cli.users import pack_identity
    from countenance.identity.crowd import settle
    from countenance.settings import read_settings
    from countenance.web.app import create_app

    settings = read_settings({"COUNTENANCE_HOME": str(home)})
    container, pack = build(settings), pack_identity(session)
    session.note(f"Making {users:,} people.")
    crowd = settle(settings, clock=container.clock, people=users, events=events, pack=pack)
    app = create_app(container, recognition=_NoEngine(pack))
    app.config["RATELIMIT_ENABLED"] = False
    return House(app, container, crowd)


def _measure(session: Session, house: House, *, repeats: int) -> Iterator[PageTimes]:
    """Every page for every role that it opens for; refusals and redirections are no pages."""
    from countenance.bench.pages import OK, measure_page

    paths = sorted(set(_paths(house)))
    with session.progress() as progress:
        task = progress.add_task(
            "Opening pages", total=len(paths) * (len(house.crowd.somebody) + 1)
        )
        for person, cookie in _visitors(house):
            for path in paths:
                entry = measure_page(house.app, path, person=person, cookie=cookie, repeats=repeats)
                progress.update(task, advance=1)
                if entry.status == OK:
                    yield entry


def _visitors(house: House) -> Iterator[tuple[str, str]]:
    """Who comes, and the cookie of their session; nobody has none."""
    yield "nobody", ""
    for role, user_id in house.crowd.somebody.items():
        token = house.container.identity.sessions.begin(
            user_id, methods=("pwd", "face"), address="127.0.0.1"
        )
        yield role.value, f"{COOKIE}={token}"


def _paths(house: House) -> Iterator[str]:
    """Whatever can be asked for with GET, and lists at their far end and narrowed down."""
    somebody = next(iter(house.crowd.somebody.values()))
    for rule in house.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint not in ("static", "capture.run"):
            yield re.sub(r"<(?:\w+:)?\w+>", somebody, rule.rule)
    middle = house.crowd.middle
    newest = house.container.identity.audit.list_events(limit=1)
    yield f"/people?after={middle}"
    yield f"/people?before={middle}"
    yield "/people?search=mason"
    yield "/people?search=nobody-at-all"
    for choice in ("role=officer", "state=waiting", "face=none", "face=other_pack", "face=pending"):
        yield f"/people?{choice}"
    if newest:
        yield f"/attempts?before={newest[0].id // 2}"


def _refused_logins(house: House, *, repeats: int) -> tuple[list[PageTimes], bool]:
    """Wrong passwords of each kind of name in turn; whether all answers were the same bytes.

    Every try takes a name and an address of its own, so that none is slowed down.
    """
    from countenance.bench.pages import PageTimes, call

    cookie, token = _form_of(house)
    rounds = min(repeats, len(house.crowd.disabled), len(house.crowd.invited))
    found: dict[str, list[Answer]] = {kind: [] for kind in KINDS}
    for number in range(rounds):
        for kind, name in zip(KINDS, _names(house, number), strict=True):
            form = {"csrf_token": token, "name": name, "password": f"wrong {number}"}
            address = f"10.{KINDS.index(kind)}.{number // 250}.{number % 250}"
            body = urlencode(form).encode()
            found[kind].append(call(house.app, "/login", cookie=cookie, form=body, address=address))
    entries = [
        PageTimes(
            "/login",
            kind,
            answers[-1].status,
            tuple(answer.wall_ms for answer in answers),
            tuple(answer.cpu_ms for answer in answers),
        )
        for kind, answers in found.items()
    ]
    seen = {(a.status, _comparable(a.body)) for answers in found.values() for a in answers}
    return entries, len(seen) == 1


def _names(house: House, number: int) -> tuple[str, str, str, str]:
    """A name of each of `KINDS`."""
    crowd = house.crowd
    known = crowd.enabled[number % len(crowd.enabled)]
    return f"nobody.at.all.{number}", known, crowd.disabled[number], crowd.invited[number]


def _form_of(house: House) -> tuple[str, str]:
    """The cookies of a browser that opened the login, and the token of its form."""
    page = house.app.test_client().get("/login")
    found = _TOKEN.search(page.data)
    cookies = (value.split(";")[0] for value in page.headers.getlist("Set-Cookie"))
    return "; ".join(cookies), found[1].decode() if found else ""


def _comparable(body: bytes) -> bytes:
    """A page without what changes by itself: the typed name and the token of the form."""
    return _TOKEN.sub(b"", re.sub(rb'value="[^"]*"', b"", body))


def _login_json(entry: PageTimes) -> dict[str, object]:
    told = entry.as_json()
    return {"kind": told.pop("person"), **{k: told[k] for k in ("median_ms", "p95_ms", "cpu_ms")}}


def _show(
    session: Session,
    times: list[PageTimes],
    logins: list[PageTimes],
    *,
    same: bool,
    limit_ms: int,
) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("PAGE", overflow="fold")
    table.add_column("AS")
    for heading in ("MEDIAN", "P95", "CPU", ""):
        table.add_column(heading, justify="right")
    for entry in sorted(times, key=lambda entry: -entry.p95_ms):
        mark = "slow" if entry.p95_ms > limit_ms else ""
        table.add_row(entry.path, entry.person, *_columns(entry), mark)
    for entry in logins:
        table.add_row("wrong password, name is", entry.person, *_columns(entry), "")
    session.console.print(table)
    session.console.print(
        "Refused logins all gave the same answer."
        if same
        else "[red]Refused logins gave answers that differ.[/]"
    )


def _columns(entry: PageTimes) -> tuple[str, str, str]:
    return (
        f"{entry.median_ms:.1f} ms",
        f"{entry.p95_ms:.1f} ms",
        f"{entry.median_cpu_ms:.1f} ms",
    )
