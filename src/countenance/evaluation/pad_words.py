"""How a report on presentation attack detection words its rates."""

from __future__ import annotations

from countenance.statistics.intervals import Interval, Rate


def percent(value: float | None) -> str:
    """A rate in percent with one decimal; empty without one.

    >>> percent(0.0512), percent(0.0), percent(None)
    ('5.1 %', '0.0 %', '')
    """
    return "" if value is None else f"{100 * value:.1f} %"


def span(interval: Interval | None) -> str:
    """The ends of an interval; empty without one.

    >>> span(Interval(0.028, 0.083))
    '2.8 to 8.3 %'
    """
    return "" if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %"


def counted(rate: Rate | None) -> str:
    """Errors of trials; empty without trials."""
    return "" if rate is None else f"{rate.errors:,} of {rate.total:,}"
