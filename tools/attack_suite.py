"""Play every attack with every recorded person against the real server, and write the table.

    python -m tools.attack_suite --data DIR --results FILE [--rounds N] [--live N]
                                 [--only NAME] [--person NAME]
    python -m tools.attack_suite --results FILE --table docs/reference/attack-suite.md

DIR holds `liveness/clips` and `video` of the development data. Each attempt is a whole login with
the policy `standard`, by an account of its own, over real sockets to one server process
(`tests/attacks`). Results are appended to FILE, one JSON object a line, so that a run that was cut
off goes on where it stopped; the table is made of that file. A recording that shows no turn to a
side cannot answer when it is asked for one: such an attempt that has to answer is played again
and not counted. A film is played again, too, when it was let in because the server drew the very
moves that it shows: such attempts stay in FILE and are told below the table. Colours are played
against a second server, with the policy `strict`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import cv2

from countenance.biometrics.templates import Template
from countenance.ceremony.challenge import Move
from countenance.statistics.intervals import rate
from tests.attacks.acts import ACTS, COLOUR_ACTS, LIVE, PHONE_ACTS, Act, Cast, act_named
from tests.attacks.house import House, Outcome, make_house, served
from tests.harness.performers import Footage, read_footage
from tests.harness.server import Server
from tests.harness.sessions import template_from

PEOPLE: Final = (
    "liveness/clips/Apfol_real.webm",
    "liveness/clips/tranvanluyt2203_real.mp4",
    "liveness/clips/Krzysiek354_real.mp4",
    "liveness/clips/jomariya23156_real.mp4",
    "video/lp_d3.mp4",
)
PHONES: Final = (
    "liveness/clips/Apfol_fake.webm",
    "liveness/clips/Manikantha-M_fake.mp4",
    "liveness/clips/adarshk28_fake.mp4",
    "liveness/clips/lestari15_fake.mp4",
    "liveness/clips/tranvanluyt2203_fake.mp4",
)
TURNS: Final = frozenset({Move.TURN_LEFT.value, Move.TURN_RIGHT.value})
TRIES_TO_ANSWER: Final = 8
"""Live attempts until one asks only for turns that the recording shows."""
LUCKY_TRIES: Final = 2
"""Attempts of a film that may be let in by the draw of its own moves; the next counts anyway."""


@dataclass(frozen=True, slots=True, eq=False)
class Player:
    """Somebody recorded, and the template of their face."""

    name: str
    footage: Footage
    face: Template

    @property
    def missing(self) -> frozenset[str]:
        """Turns that the recording does not show."""
        return TURNS - set(self.footage.turns)


def read_players(data: Path, clips: Sequence[str], house: House) -> list[Player]:
    """Read recordings and enrol the faces on them."""
    players = []
    for clip in clips:
        footage = read_footage(data / clip, house.engine.detector, most=200)
        players.append(Player(Path(clip).stem, footage, template_from(house.engine, footage)))
        sys.stderr.write(f"{players[-1].name}: {len(footage.frames)} frames\n")
    return players


class Run:
    """All attempts of one server, written down as they end."""

    def __init__(self, house: House, server: Server, results: Path) -> None:
        self._house, self._server, self._results = house, server, results
        self._numbers = iter(range(1, 1_000_000))
        self._begun = int(datetime.now(UTC).timestamp())

    def answering(self, act: Act, player: Player, cast: Cast) -> bool:
        """A login that is asked for nothing the recording lacks; whether it was granted."""
        if player.missing == TURNS:
            return False  # every challenge asks for a turn
        for _ in range(TRIES_TO_ANSWER):
            cast.tape.clear()
            outcome = self._attempt(act, player, cast)
            asked = {reply.get("prompt") for reply in outcome.said}
            if outcome.is_granted or not asked & player.missing:
                self._write(act, player, outcome)
                return outcome.is_granted
        return False

    def attack(self, act: Act, player: Player, cast: Cast) -> None:
        """Play one attack and write it down; again while it is let in by chance alone."""
        for tries_left in reversed(range(LUCKY_TRIES + 1)):
            outcome = self._attempt(act, player, cast)
            is_luck = tries_left > 0 and outcome.is_granted and act.is_luck(outcome.asked)
            self._write(act, player, outcome, is_luck=is_luck)
            if not is_luck:
                return

    def _attempt(self, act: Act, player: Player, cast: Cast) -> Outcome:
        number = next(self._numbers)
        name = f"{act.name.replace('_', '-')}-{number}"
        self._house.move_in(name, player.face)
        mine = Cast(cast.name, cast.person, cast.other, seed=self._begun + number, tape=cast.tape)
        return self._house.attempt(self._server, act, mine, name=name)

    def _write(self, act: Act, player: Player, outcome: Outcome, *, is_luck: bool = False) -> None:
        row = {
            "act": act.name,
            "person": player.name,
            "granted": outcome.is_granted,
            "reason": outcome.reason,
        } | ({"is_luck": True} if is_luck else {})
        with self._results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        sys.stderr.write(f"{act.name} {player.name}: {outcome.reason or 'granted'}\n")


def play_round(run: Run, player: Player, other: Player, acts: Sequence[Act], *, live: int) -> None:
    """Everything with one person: live logins first, for some attacks send the last one again."""
    cast = Cast(player.name, player.footage, other.footage)
    has_tape = False
    for _ in range(live):
        has_tape = run.answering(act_named(LIVE), player, cast)
    for act in acts:
        if act.is_attack and (has_tape or not act.needs_tape):
            run.attack(act, player, cast)


def play_colours(
    house: House, cast: Sequence[tuple[Player, Player]], given: argparse.Namespace
) -> None:
    """The acts of the policy `strict`, each by everybody."""
    acts = [act for act in COLOUR_ACTS if given.only in act.name]
    with (
        served(house.home, COUNTENANCE_LOGIN_POLICY="strict") as server,
        ThreadPoolExecutor(given.at_a_time) as pool,
    ):
        run = Run(house, server, given.results)
        work = [
            pool.submit(
                run.answering, act, player, Cast(player.name, player.footage, other.footage)
            )
            for _ in range(given.rounds)
            for player, other in cast
            for act in acts
        ]
        for done in as_completed(work):
            done.result()


def play(given: argparse.Namespace) -> None:
    """The whole suite, several people at a time."""
    cv2.setNumThreads(1)
    acts = [act for act in ACTS if given.only in act.name]
    phone_acts = [act for act in PHONE_ACTS if given.only in act.name]
    with tempfile.TemporaryDirectory() as folder:
        house = make_house(Path(folder) / "home")
        people = read_players(given.data, PEOPLE, house)
        phones = read_players(given.data, PHONES, house) if phone_acts else []
        phones = [phone for phone in phones if given.person in phone.name]
        cast = [
            (player, other)
            for player, other in zip(people, people[1:] + people[:1], strict=True)
            if given.person in player.name
        ]
        with served(house.home) as server, ThreadPoolExecutor(given.at_a_time) as pool:
            run = Run(house, server, given.results)
            work = [
                pool.submit(play_round, run, player, other, acts, live=given.live)
                for _ in range(given.rounds)
                for player, other in cast
            ] + [
                pool.submit(play_round, run, phone, phone, phone_acts, live=0) for phone in phones
            ]  # fmt: skip
            for done in as_completed(work):
                done.result()
        play_colours(house, cast, given)


def read_results(path: Path) -> Iterator[Mapping[str, Any]]:
    """What was played so far."""
    for line in path.read_text("utf-8").splitlines():
        yield json.loads(line)


PAGE: Final = Path(__file__).resolve().parents[1] / "tests/attacks/page.md"
"""The text around the table."""


def table(results: Path) -> str:
    """The page of the documentation."""
    played = list(read_results(results))
    rows = [row for row in played if not row.get("is_luck")]
    by_act: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_act.setdefault(row["act"], []).append(row)
    moving = [act for act in (*ACTS, *PHONE_ACTS) if act.name in by_act]
    attacks = [row for act in moving if act.is_attack for row in by_act[act.name]]
    colours = [act for act in COLOUR_ACTS if act.name in by_act]
    live = by_act.get(LIVE, [])
    refused = sum(not row["granted"] for row in live)
    accepted = sum(row["granted"] for row in attacks)
    from tests.attacks.test_recorded import FAST

    return PAGE.read_text("utf-8").format(
        fast=len(FAST),
        people=len({row["person"] for row in live}),
        rows="\n".join(_row(act, by_act[act.name]) for act in moving),
        colours="\n".join(_row(act, by_act[act.name]) for act in colours) or "| none played |",
        attacks=len(attacks),
        accepted=accepted,
        interval=_share(accepted, len(attacks)),
        lucky=len(played) - len(rows),
        bpcer=f"{refused} of {len(live)}, {_share(refused, len(live))}",
    )


def _row(act: Act, rows: Sequence[Mapping[str, Any]]) -> str:
    granted = sum(row["granted"] for row in rows)
    why = Counter(row["reason"] for row in rows if not row["granted"])
    told = ", ".join(f"`{reason}` {count}" for reason, count in why.most_common()) or "-"
    title = act.title if act.is_attack else f"**{act.title}** (bona fide)"
    low, high = rate(granted, len(rows)).interval.low, rate(granted, len(rows)).interval.high
    return f"| {title} | {len(rows)} | {granted} | {low:.0%} to {high:.0%} | {told} |"


def _share(errors: int, total: int) -> str:
    if not total:
        return "none played"
    found = rate(errors, total)
    return f"{found.value:.1%}, 95 % interval {found.low:.1%} to {found.high:.1%}"


def main() -> None:
    """Play, or write the table of what was played."""
    wishes = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wishes.add_argument("--results", type=Path, required=True)
    wishes.add_argument("--data", type=Path)
    wishes.add_argument("--table", type=Path)
    wishes.add_argument("--rounds", type=int, default=1, help="times that everybody plays all")
    wishes.add_argument("--live", type=int, default=4, help="live logins of each person and round")
    wishes.add_argument("--at-a-time", type=int, default=os.cpu_count() or 1)
    wishes.add_argument("--only", default="", help="part of the name of an act")
    wishes.add_argument("--person", default="", help="part of the name of a recording")
    given = wishes.parse_args()
    if given.data:
        play(given)
    if given.table:
        given.table.write_text(table(given.results), encoding="utf-8")


if __name__ == "__main__":
    main()
