"""Manifests of both kinds, folders, and everything that is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from countenance.datasets.errors import ManifestError
from countenance.datasets.manifest import Kind, read_folder, read_manifest
from countenance.pad.species import PaiSpecies


def manifest(folder: Path, text: str) -> Path:
    path = folder / "manifest.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_two_columns_are_enough(tmp_path: Path) -> None:
    found = read_manifest(manifest(tmp_path, "path,label\na.jpg,bona_fide\nb/c.png,attack\n"))
    assert [p.path for p in found] == [tmp_path / "a.jpg", tmp_path / "b" / "c.png"]
    assert [p.species for p in found] == [None, PaiSpecies.UNKNOWN]
    assert found[0].kind is Kind.FULL_FRAME


def test_all_columns_are_read(tmp_path: Path) -> None:
    text = (
        "path,label,subject,source,species,kind,capture\n"
        "a.jpg,attack,ada,office,print,tight_crop,\n"
        "b.jpg,bona_fide,ben,web,,full_frame,no\n"
    )
    attack, web = read_manifest(manifest(tmp_path, text))
    assert (attack.subject, attack.source) == ("ada", "office")
    assert (attack.species, attack.kind) == (PaiSpecies.PRINT, Kind.TIGHT_CROP)
    assert attack.is_capture
    assert not web.is_capture


def test_the_words_of_older_manifests_are_understood(tmp_path: Path) -> None:
    text = (
        "path,task,label,source_repo,note,kind\n"
        "a.jpg,liveness,fake,x/y,species=paper_mask; held or worn,full_frame\n"
        "b.jpg,liveness,fake,x/y,a phone,full_frame\n"
        "c.jpg,liveness,real,x/y,press photo; NOT a webcam capture,full_frame\n"
        "d.jpg,mask,none,x/z,,\n"
    )
    mask, replay, web = read_manifest(manifest(tmp_path, text))
    assert mask.species is PaiSpecies.PAPER_MASK
    assert replay.species is PaiSpecies.REPLAY
    assert web.is_bona_fide
    assert not web.is_capture


def test_the_root_may_lie_elsewhere(tmp_path: Path) -> None:
    path = manifest(tmp_path, "path,label\na.jpg,attack\n")
    assert read_manifest(path, root=Path("/pictures"))[0].path == Path("/pictures/a.jpg")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path\na.jpg\n", "lacks the column label"),
        ("", "lacks the column label, path"),
        ("path,label\n", "No presentation"),
        ("path,label\na.jpg,maybe\n", "the label 'maybe' is unknown"),
        ("path,label,kind\na.jpg,attack,poster\n", "the kind 'poster' is unknown"),
        ("path,label\n../a.jpg,attack\n", "does not lie in the data folder"),
        ("path,label\n/etc/passwd,attack\n", "does not lie in the data folder"),
        ("path,label\n,attack\n", "does not lie in the data folder"),
    ],
)
def test_a_wrong_manifest_is_refused_with_its_reason(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ManifestError, match=said) as caught:
        read_manifest(manifest(tmp_path, text))
    assert caught.value.remedy


def test_a_refused_row_is_told_by_its_line(tmp_path: Path) -> None:
    path = manifest(tmp_path, "path,label\na.jpg,attack\nb.jpg,maybe\n")
    with pytest.raises(ManifestError, match=r"manifest\.csv:3"):
        read_manifest(path)


def test_a_missing_or_binary_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path / "none.csv")
    (tmp_path / "manifest.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path / "manifest.csv")


def test_folders_are_read_as_source_and_label(tmp_path: Path) -> None:
    for name in ("office/bona_fide/a.jpg", "office/print/b.jpg", "hall/attack/c.webp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "office" / "print" / "notes.txt").touch()
    (tmp_path / "office" / "spare").mkdir()
    (tmp_path / "office" / "spare" / "d.jpg").touch()
    found = {(p.path.name, p.source, p.species) for p in read_folder(tmp_path)}
    assert found == {
        ("a.jpg", "office", None),
        ("b.jpg", "office", PaiSpecies.PRINT),
        ("c.webp", "hall", PaiSpecies.UNKNOWN),
    }


def test_a_folder_without_pictures_or_none_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No presentation was found"):
        read_folder(tmp_path)
    with pytest.raises(ManifestError, match="does not exist"):
        read_folder(tmp_path / "none")
