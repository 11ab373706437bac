"""From the outcomes of many logins to the figures that are told."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from countenance.bench.logins import Kind, LevelRun, Moment

_MIB: Final = 1024 * 1024
WARM_UP_SHARE: Final = 0.3
"""Of a run; pools and caches fill in it, so memory is judged after it."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How a time is spread over logins; seconds."""

    p50: float
    p95: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """None without a value."""
        if not values:
            return None
        ordered = sorted(values)
        # Nearest rank: a value that was seen, never one between two.
        rank = max(0, -(-95 * len(ordered) // 100) - 1)
        return cls(statistics.median(ordered), ordered[rank], ordered[-1])

    def as_json(self) -> dict[str, float]:
        return {"p50": round(self.p50, 3), "p95": round(self.p95, 3), "max": round(self.max, 3)}


@dataclass(frozen=True, slots=True)
class MemoryTrend:
    """How the memory of the server moved over a run."""

    start_mib: float
    end_mib: float
    peak_mib: float
    slope_kib_per_login: float
    """Of a line through the samples after the warm-up."""

    @classmethod
    def of(cls, moments: Sequence[Moment]) -> MemoryTrend | None:
        """None where the system does not tell, or too little was seen."""
        steady = moments[int(WARM_UP_SHARE * len(moments)) :]
        done = [float(moment.done) for moment in steady]
        if len(set(done)) < 3:
            return None
        sizes = [moment.load.rss_bytes / _MIB for moment in steady]
        slope = statistics.linear_regression(done, sizes).slope
        return cls(
            start_mib=moments[0].load.rss_bytes / _MIB,
            end_mib=sizes[-1],
            peak_mib=max(moment.load.rss_bytes for moment in moments) / _MIB,
            slope_kib_per_login=1024 * slope,
        )

    def as_json(self) -> dict[str, float]:
        return {
            "start_mib": round(self.start_mib, 1),
            "end_mib": round(self.end_mib, 1),
            "peak_mib": round(self.peak_mib, 1),
            "slope_kib_per_login": round(self.slope_kib_per_login, 2),
        }


@dataclass(frozen=True, slots=True)
class Level:
    """The figures of one number of concurrent logins."""

    concurrent: int
    logins: int
    granted: int
    refused: dict[str, int]
    """Public reason to how many."""
    lost: dict[str, int]
    """Where a login stopped that came to no verdict, to how many."""
    bona_fide: int
    hostile: int
    wrongly_admitted: int
    wrongly_refused: dict[str, int]
    """Clip of a person to how often the person was refused."""
    verdict_s: Spread | None
    """Of granted bona fide logins, from the first frame on."""
    refusal_s: Spread | None
    login_s: Spread | None
    """Of granted bona fide logins, from the login page to the first page behind it."""
    reply_s: Spread | None
    frames_per_s: float
    logins_per_s: float
    server_cores: float | None
    """Processor time of the server over the time of the run."""
    waits: int
    memory: MemoryTrend | None

    def as_json(self) -> dict[str, object]:
        spreads = {
            name: spread.as_json() if spread else None
            for name, spread in (
                ("verdict_s", self.verdict_s),
                ("refusal_s", self.refusal_s),
                ("login_s", self.login_s),
                ("reply_s", self.reply_s),
            )
        }
        return {
            "concurrent": self.concurrent,
            "logins": self.logins,
            "granted": self.granted,
            "refused": self.refused,
            "lost": sum(self.lost.values()),
            "lost_at": self.lost,
            "bona_fide": self.bona_fide,
            "hostile": self.hostile,
            "wrongly_admitted": self.wrongly_admitted,
            "wrongly_refused": sum(self.wrongly_refused.values()),
            "wrongly_refused_of": self.wrongly_refused,
            **spreads,
            "frames_per_s": round(self.frames_per_s, 1),
            "logins_per_s": round(self.logins_per_s, 3),
            "server_cores": None if self.server_cores is None else round(self.server_cores, 2),
            "waits": self.waits,
            "memory": self.memory.as_json() if self.memory else None,
        }


def summarise(run: LevelRun) -> Level:
    """The figures of one run."""
    outcomes = run.outcomes
    own = [o for o in outcomes if o.attempt.kind is Kind.BONA_FIDE]
    hostile = [o for o in outcomes if o.attempt.kind is not Kind.BONA_FIDE]
    granted = [o for o in own if o.is_granted]
    refused = [o for o in outcomes if o.is_granted is False]
    frames = sum(len(o.replies_s) for o in outcomes)
    return Level(
        concurrent=run.concurrent,
        logins=len(outcomes),
        granted=sum(o.is_granted is True for o in outcomes),
        refused=_counted(o.reason for o in refused),
        lost=_counted(o.reason for o in outcomes if o.is_granted is None),
        bona_fide=len(own),
        hostile=len(hostile),
        wrongly_admitted=sum(o.is_granted is True for o in hostile),
        wrongly_refused=_counted(o.attempt.clip.name for o in own if o.is_granted is False),
        verdict_s=Spread.of([o.verdict_s for o in granted]),
        refusal_s=Spread.of([o.verdict_s for o in refused]),
        login_s=Spread.of([o.login_s for o in granted]),
        reply_s=Spread.of([s for o in outcomes for s in o.replies_s]),
        frames_per_s=frames / run.took_s,
        logins_per_s=len(outcomes) / run.took_s,
        server_cores=_cores(run.moments),
        waits=sum(o.waits for o in outcomes),
        memory=MemoryTrend.of(run.moments),
    )


def _counted(reasons: object) -> dict[str, int]:
    return dict(sorted(Counter(reasons).items()))  # type: ignore[call-overload]


def _cores(moments: Sequence[Moment]) -> float | None:
    if len(moments) < 2:
        return None
    first, last = moments[0], moments[-1]
    return (last.load.cpu_s - first.load.cpu_s) / max(1e-9, last.at_s - first.at_s)


def as_markdown(levels: Sequence[Level]) -> str:
    """The table of the documentation."""
    headings = (
        *("logins at a time", "logins", "lost", "hostile, of these admitted"),
        *("bona fide, of these refused", "first frame to verdict p50 / p95 / max"),
        *("frames/s", "server cores", "memory"),
    )
    lines = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    return "\n".join([*lines, *(_row(level) for level in levels)])


def _row(level: Level) -> str:
    time_s, memory = level.verdict_s, level.memory
    spread = f"{time_s.p50:.1f} / {time_s.p95:.1f} / {time_s.max:.1f} s" if time_s else "-"
    cores = "-" if level.server_cores is None else f"{level.server_cores:.2f}"
    grown = (
        f"{memory.end_mib:.0f} MiB, {memory.slope_kib_per_login:+.1f} KiB a login"
        if memory
        else "-"
    )
    refused = sum(level.wrongly_refused.values())
    return (
        f"| {level.concurrent} | {level.logins} | {sum(level.lost.values())} "
        f"| {level.hostile}, {level.wrongly_admitted} | {level.bona_fide}, {refused} "
        f"| {spread} | {level.frames_per_s:.0f} | {cores} | {grown} |"
    )
