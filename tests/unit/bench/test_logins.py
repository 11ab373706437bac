"""The plan of a run, its figures, and a visitor at a door with a painted engine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from countenance.bench.logins import (
    USES_PER_ACCOUNT,
    Account,
    Attempt,
    Kind,
    LevelRun,
    Moment,
    Outcome,
    accounts_needed,
    plan,
)
from countenance.bench.logins_browser import LostError, Visitor
from countenance.bench.logins_clips import Clip, find_clips, read_clip
from countenance.bench.logins_errors import ClipsUnusableError
from countenance.bench.logins_report import MemoryTrend, Spread, as_markdown, summarise
from countenance.bench.logins_server import Load
from countenance.images.codec import CAPTURE_LIMITS, decode_image
from countenance.images.image import Image
from countenance.images.video import VideoWriter
from tests.fakes.doors import PASSWORD, open_door
from tests.fakes.recognition import painted
from tests.fakes.servers import serving

MIB = 1024 * 1024


def clip(name: str, frames: tuple[bytes, ...] = (b"a", b"b", b"c")) -> Clip:
    person = name.partition("_")[0]
    return Clip(name, person, is_attack="_fake" in name, samples=(), frames=frames)


CLIPS = [clip("ada_real"), clip("ben_real"), clip("cy_real"), clip("ada_fake"), clip("dan_fake")]
PEOPLE = ("ada", "ben", "cy")


def accounts(count: int) -> list[Account]:
    return [Account(f"{n}", "secret", PEOPLE[(n + n // 3) % 3]) for n in range(count)]


def test_no_account_is_tried_so_often_that_a_pause_could_come() -> None:
    attempts = list(plan(CLIPS, accounts(accounts_needed(500)), logins=500))
    used = Counter(attempt.account.name for attempt in attempts)
    assert max(used.values()) <= USES_PER_ACCOUNT
    assert [attempt.number for attempt in attempts] == list(range(500))


def test_three_of_five_show_the_user_and_two_somebody_or_something_else() -> None:
    attempts = list(plan(CLIPS, accounts(25), logins=100))
    assert Counter(attempt.kind for attempt in attempts) == {
        Kind.BONA_FIDE: 60, Kind.IMPOSTOR: 20, Kind.ATTACK: 20
    }  # fmt: skip
    for attempt in attempts:
        is_user = attempt.clip.person == attempt.account.person and not attempt.clip.is_attack
        assert is_user is (attempt.kind is Kind.BONA_FIDE)
        assert attempt.clip.is_attack is (attempt.kind is Kind.ATTACK)


def test_without_attacks_or_other_people_the_rest_of_the_mix_stays() -> None:
    live = [clip("ada_real"), clip("ben_real")]
    kinds = Counter(attempt.kind for attempt in plan(live, accounts(9)[:2], logins=10))
    assert kinds == {Kind.BONA_FIDE: 6, Kind.IMPOSTOR: 4}
    alone = [Account("0", "secret", "ada")]
    kinds = Counter(attempt.kind for attempt in plan(live[:1], alone, logins=10))
    assert kinds == {Kind.BONA_FIDE: 10}


def test_a_clip_runs_to_and_fro_and_never_shows_a_frame_twice_in_a_row() -> None:
    shown = [clip("ada_real").frame(number) for number in range(9)]
    assert shown == [b"a", b"b", b"c", b"b", b"a", b"b", b"c", b"b", b"a"]


def test_percentiles_are_values_that_were_seen() -> None:
    spread = Spread.of([float(n) for n in range(100, 0, -1)])
    assert spread == Spread(p50=50.5, p95=95.0, max=100.0)
    assert Spread.of([3.0]) == Spread(3.0, 3.0, 3.0)
    assert Spread.of([]) is None


def moment(done: int, mib: float) -> Moment:
    return Moment(float(done), done, Load(int(mib * MIB), cpu_s=0.5 * done, threads=9))


def test_memory_that_grows_with_each_login_has_a_slope_and_filled_pools_have_none() -> None:
    leak = MemoryTrend.of([moment(n, 300 + n / 8) for n in range(100)])
    assert leak is not None
    assert leak.slope_kib_per_login == pytest.approx(128, rel=0.01)
    flat = MemoryTrend.of([moment(n, 250 + 150 * min(1, n / 20)) for n in range(100)])
    assert flat is not None
    assert flat.slope_kib_per_login == pytest.approx(0, abs=0.01)
    assert (flat.start_mib, flat.end_mib, flat.peak_mib) == (250, 400, 400)
    assert MemoryTrend.of([moment(1, 300)]) is None


def outcome(kind: Kind, granted: bool | None, verdict_s: float = 1.0) -> Outcome:
    attempt = Attempt(0, kind, Account("0", "secret", "ada"), CLIPS[0])
    reason = "" if granted else "not_confirmed"
    return Outcome(attempt, granted, reason, verdict_s, verdict_s + 1, (0.1, 0.3), waits=1)


def test_lost_admitted_and_refused_logins_are_counted_apart() -> None:
    run = LevelRun(20, took_s=10.0)
    run.outcomes = [
        *[outcome(Kind.BONA_FIDE, True, float(n)) for n in (1, 2, 3)],
        outcome(Kind.BONA_FIDE, False), outcome(Kind.IMPOSTOR, False),
        outcome(Kind.ATTACK, True, 99.0), outcome(Kind.ATTACK, None),
    ]  # fmt: skip
    run.moments = [moment(0, 300), moment(4, 300)]
    level = summarise(run)
    told = level.as_json()
    assert (told["logins"], told["granted"], told["lost"], told["waits"]) == (7, 4, 1, 7)
    assert (told["wrongly_admitted"], told["wrongly_refused_of"]) == (1, {"ada_real": 1})
    assert told["verdict_s"] == {"p50": 2.0, "p95": 3.0, "max": 3.0}
    assert (told["frames_per_s"], told["server_cores"]) == (1.4, 0.5)
    assert as_markdown([level]).splitlines()[-1].startswith("| 20 | 7 | 1 | 3, 1 | 4, 1 | 2.0 /")


def test_a_film_becomes_frames_at_the_rate_of_a_camera(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "ada_real.avi", fps=30) as writer:
        for level in range(90):
            writer.write(Image(np.full((960, 1280, 3), 2 * level, np.uint8)))
    (tmp_path / "notes.txt").write_text("no film")
    (path,) = find_clips([tmp_path])
    found = read_clip(path, fps=15)
    assert (found.person, found.is_attack) == ("ada", False)
    assert 43 <= len(found.frames) / 0.65 <= 46
    assert 1 <= len(found.samples) <= 8
    assert not set(found.samples) & set(found.frames)
    assert decode_image(found.frames[0], limits=CAPTURE_LIMITS).width_px == 640
    with pytest.raises(ClipsUnusableError, match="a login needs"):
        read_clip(path, fps=5)


@pytest.fixture
def visited(tmp_path: Path) -> Any:
    door = open_door(tmp_path, server={"trusted_proxies": 1})
    door.administrator()
    return door


def go(door: Any, frame: bytes, other: bytes) -> Any:
    with serving(door.app) as host:
        visitor = Visitor(int(host.rpartition(":")[2]), address="10.0.0.1")
        seen = clip("ada_real", (frame, other))
        return visitor.log_in(name="eileen", password=PASSWORD, clip=seen, start=0, fps=60)


def test_a_visitor_goes_all_the_way_to_the_first_page(visited: Any) -> None:
    capture = go(visited, painted(1), painted(1))
    assert capture.verdict["granted"] is True
    assert len(capture.replies_s) == 10
    assert capture.verdict_s > 0


def test_a_visitor_of_another_face_is_refused(visited: Any) -> None:
    assert go(visited, painted(2), painted(2)).verdict["reason"] == "not_confirmed"


def test_a_fault_of_the_server_is_a_lost_login_and_no_refusal(visited: Any) -> None:
    def broken(_image: object) -> Any:
        raise RuntimeError("no memory")

    visited.recognition.see = broken
    with pytest.raises(LostError, match="technical"):
        go(visited, painted(1), painted(1))


def test_a_wrong_password_is_a_lost_login(visited: Any) -> None:
    with serving(visited.app) as host:
        visitor = Visitor(int(host.rpartition(":")[2]), address="10.0.0.1")
        with pytest.raises(LostError, match="403"):
            visitor.log_in(name="eileen", password="x", clip=CLIPS[0], start=0, fps=60)
