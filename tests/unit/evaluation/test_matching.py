"""Pairs of files become rates; what cannot be compared is counted."""

from pathlib import Path

import numpy as np
import pytest

from countenance.biometrics.embeddings import Embedding, normalised
from countenance.errors import ConfigurationError
from countenance.evaluation.matching import Pair, evaluate_pairs, read_pairs


def embed(path: Path) -> Embedding | None:
    """The file's name is the angle of its embedding; `none` shows no face."""
    if path.stem == "none":
        return None
    angle = np.radians(float(path.stem))
    return normalised(np.array([np.cos(angle), np.sin(angle)]), pack="test/1")


def pair(a: str, b: str, same: int) -> Pair:
    return Pair(Path(a), Path(b), is_mated=same == 1)


def test_rates_are_the_counted_shares() -> None:
    pairs = [
        pair("0", "10", 1),
        pair("0", "80", 1),  # cosine 0.17: not matched
        pair("0", "90", 0),
        pair("5", "30", 0),  # cosine 0.91: a false match
        pair("0", "180", 0),
        pair("0", "none", 1),
        pair("none", "90", 0),
    ]
    report = evaluate_pairs(pairs, embed=embed, threshold=0.5)
    assert (report.n_mated, report.n_non_mated) == (2, 3)
    assert (report.failures_to_acquire, report.comparisons_left_out) == (1, 2)
    assert report.fmr == pytest.approx(1 / 3)
    assert report.fnmr == pytest.approx(1 / 2)
    assert report.as_json()["accuracy_10_fold"] is None
    # Three non-mated comparisons cannot tell a rate of one in a hundred.
    assert report.fnmr_at_fmr == {"1e-2": None, "1e-3": None, "1e-4": None}


def test_fnmr_at_an_fmr_is_told_only_where_there_are_comparisons_enough() -> None:
    pairs = [pair("0", "10", 1), pair("0", "60", 1)]
    pairs += [pair("0", str(degrees), 0) for degrees in [30, *range(80, 179)]]
    report = evaluate_pairs(pairs, embed=embed, threshold=0.5)
    # One in a hundred allows the false match at 30 degrees, so both mated pairs match too.
    assert report.fnmr_at_fmr == {"1e-2": pytest.approx(0.0), "1e-3": None, "1e-4": None}


def test_an_image_is_embedded_once() -> None:
    asked: list[Path] = []

    def counting(path: Path) -> Embedding | None:
        asked.append(path)
        return embed(path)

    evaluate_pairs([pair("0", "5", 1), pair("0", "90", 0)], embed=counting, threshold=0.5)
    assert sorted(path.name for path in asked) == ["0", "5", "90"]


def test_one_kind_of_pair_alone_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="No mated or no non-mated"):
        evaluate_pairs([pair("0", "5", 1)], embed=embed, threshold=0.5)


def test_a_list_is_read_below_its_root(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("a,b,same\nx.jpg,y.jpg,1\nx.jpg,z.jpg,0\n")
    assert read_pairs(path, root=Path("/data")) == [
        Pair(Path("/data/x.jpg"), Path("/data/y.jpg"), is_mated=True),
        Pair(Path("/data/x.jpg"), Path("/data/z.jpg"), is_mated=False),
    ]


@pytest.mark.parametrize(
    "content", ["", "a,b\nx,y\n", "a,b,same\nx,y,maybe\n", "a,b,same\n,y,1\n", "a,b,same\nx\n"]
)
def test_a_list_that_makes_no_sense_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"pairs\.csv"):
        read_pairs(path, root=tmp_path)
