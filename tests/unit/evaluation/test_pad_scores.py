"""Scores of a file find the pictures of a manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from countenance.datasets.manifest import Presentation
from countenance.evaluation.errors import ScoresError
from countenance.evaluation.pad_scores import read_scores
from countenance.pad.species import PaiSpecies


def shown(path: Path) -> Presentation:
    return Presentation(path, "hall", "", PaiSpecies.PRINT)


def test_scores_are_found_by_file_whether_absolute_or_beside(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(f"path,bona_fide_score\n{tmp_path}/a.jpg,0.25\nsub/../b.jpg,\nother.jpg,1\n")
    rows = [shown(tmp_path / name) for name in ("a.jpg", "b.jpg", "c.jpg")]
    found = read_scores(path, rows)
    assert [entry.bona_fide_score for entry in found.scored] == [0.25, None]
    assert found.without == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,score\na.jpg,0.5\n", "bona_fide_score"),
        ("path,bona_fide_score\na.jpg,high\n", ":2: the score 'high'"),
        ("path,bona_fide_score\na.jpg,nan\n", "'nan'"),
        ("path,bona_fide_score\na.jpg,1.5\n", "'1.5'"),
        ("path,bona_fide_score\nz.jpg,0.5\n", "no score for any picture"),
        ("", "lacks the column"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(ScoresError, match=said):
        read_scores(path, [shown(tmp_path / "a.jpg")])


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ScoresError, match="cannot be read"):
        read_scores(path, [shown(tmp_path / "a.jpg")])
