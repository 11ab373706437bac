"""The worst comparisons: mated ones least alike, non-mated ones most alike."""

from __future__ import annotations

from typing import Final

from countenance.evaluation.contact_sheet import Tile, contact_sheet, thumbnail
from countenance.evaluation.matching import MatchingReport
from countenance.evaluation.matching_comparisons import Compared
from countenance.evaluation.matching_pairs import PairList
from countenance.evaluation.matching_samples import Acquired
from countenance.evaluation.report_page import heading, page, paragraph
from countenance.images.codec import read_image

SHOWN: Final = 24
"""Comparisons of each kind."""


def worst_pairs_page(
    report: MatchingReport, pairs: PairList, acquired: Acquired, compared: Compared
) -> str:
    """A page of faces; it is kept apart so that the report can be passed on without it."""
    scores = compared.all.non_mated
    mated_rows = compared.mated_rows[:SHOWN]
    show = _Shower(pairs, acquired)
    mated = [
        show.tile(
            pairs.pairs[row].a,
            pairs.pairs[row].b,
            similarity=float(value),
            wrong="not matched" if value < report.threshold else "",
        )
        for row, value in zip(mated_rows, compared.all.mated, strict=False)
    ]
    non_mated = [
        show.tile(
            int(compared.images[a]),
            int(compared.images[b]),
            similarity=float(value),
            wrong="matched" if value >= report.threshold else "",
        )
        for a, b, value in zip(
            scores.first[:SHOWN], scores.second[:SHOWN], scores.similarities[:SHOWN], strict=True
        )
    ]
    return page(
        "Worst pairs",
        lead="This page shows faces. Keep it where the images themselves may be kept.",
        body=[
            heading("One person, least alike"),
            paragraph("Wrong labels, another face in front, turned heads, years in between."),
            contact_sheet(mated),
            heading("Two people, most alike"),
            paragraph("Wrong labels again, relatives, and true false matches."),
            contact_sheet(non_mated),
        ],
    )


class _Shower:
    """Makes tiles; an image is read again, since its pixels were not kept."""

    def __init__(self, pairs: PairList, acquired: Acquired) -> None:
        self._pairs = pairs
        self._acquired = acquired
        self._made: dict[int, str] = {}

    def tile(self, a: int, b: int, *, similarity: float, wrong: str) -> Tile:
        title = f"{similarity:.3f}" + (f", {wrong}" if wrong else "")
        names = (self._pairs.images[a], self._pairs.images[b])
        return Tile((self._picture(a), self._picture(b)), title, names, is_wrong=bool(wrong))

    def _picture(self, image: int) -> str:
        if image not in self._made:
            box = self._acquired.boxes[image]
            assert box is not None  # noqa: S101 # nosec B101 # only what was acquired is compared
            picture = read_image(self._pairs.root / self._pairs.images[image])
            self._made[image] = thumbnail(picture, face=box)
        return self._made[image]
