"""One quantity of ours and of each peer, from the same rounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from countenance.bench.peers.catalogue import PLANS, PeerName
from countenance.bench.spread import Spread, ratio_of, spread_of

PREFIXES: Final = {
    PeerName.SEEDS: "seed",
    PeerName.DLIB_CNN: "dlib_cnn",
    PeerName.OPENCV: "opencv",
}
"""Peer to what its keys begin with."""


@dataclass(frozen=True, slots=True)
class SideBySide:
    """A quantity that is better when it is smaller."""

    quantity: str
    """Key of ours, with its unit."""
    own: Sequence[float]
    """One value of each round."""
    others: Mapping[PeerName, Sequence[float]]
    """Peer to one value of each round; peers that are absent are not there."""
    asked: Sequence[PeerName]
    """Peers that were asked for, absent ones too."""

    def figures(self) -> dict[str, Spread | None]:
        """Ours, then for each peer its own and the ratio of its to ours."""
        found: dict[str, Spread | None] = {self.quantity: spread_of(self.own)}
        for peer in self.asked:
            values = self.others.get(peer)
            found[f"{PREFIXES[peer]}_{self.quantity}"] = spread_of(values) if values else None
            found[f"ratio_to_{PREFIXES[peer]}"] = ratio_of(values, self.own) if values else None
        return found

    def as_json(self) -> dict[str, object]:
        """Medians by their keys, and `spread` with two values for each."""
        figures = self.figures()
        return {
            **{key: round(value.median, 4) if value else None for key, value in figures.items()},
            "spread": {
                key: [round(value.low, 4), round(value.high, 4)] if value else None
                for key, value in figures.items()
            },
        }

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Who, the quantity, and how many times ours it is."""
        figures = self.figures()
        yield "Countenance", _told(figures[self.quantity]), ""
        for peer in self.asked:
            value = figures[f"{PREFIXES[peer]}_{self.quantity}"]
            ratio = figures[f"ratio_to_{PREFIXES[peer]}"]
            yield PLANS[peer].title, _told(value), _told(ratio) if ratio else ""

    def markdown(self, *, heading: str) -> str:
        """A table for a page; `heading` names the quantity and its unit."""
        head = f"| | {heading} | times ours |\n|---|---|---|"
        return "\n".join([head, *(f"| {' | '.join(row)} |" for row in self.rows())])


def _told(value: Spread | None) -> str:
    if value is None:
        return "not measured"
    digits = 0 if value.median >= 100 else 1 if value.median >= 10 else 2
    low, middle, high = (
        f"{number:,.{digits}f}" for number in (value.low, value.median, value.high)
    )
    return f"{middle} ({low} to {high})"
