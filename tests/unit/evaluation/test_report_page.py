"""Pages of reports, their folder, and small pictures of the worst cases."""

import base64
from pathlib import Path

import numpy as np
import pytest

from countenance.evaluation.contact_sheet import Tile, contact_sheet, thumbnail
from countenance.evaluation.errors import ReportError
from countenance.evaluation.report_folder import prepare_report_folder, write_report_file
from countenance.evaluation.report_page import chart, figures, page, paragraph, table
from countenance.geometry.boxes import Box
from countenance.images.codec import FILE_LIMITS, decode_image
from countenance.images.image import Image

TRICKY = '<i>&"'


def test_what_comes_from_files_cannot_become_markup() -> None:
    body = [
        figures([(TRICKY, TRICKY, TRICKY)]),
        table([TRICKY], [[TRICKY, TRICKY]]),
        paragraph(TRICKY, is_note=True),
        chart("<svg></svg>", caption=TRICKY),
        contact_sheet([Tile(("data:,",), TRICKY, (TRICKY,), is_wrong=True)]),
    ]
    assert "<i>" not in page(TRICKY, lead=TRICKY, body=body)


def test_a_page_asks_nothing_of_the_network_and_knows_both_schemes() -> None:
    text = page("Title", lead="Lead", body=[])
    assert "http" not in text
    assert "prefers-color-scheme:dark" in text
    assert 'name="viewport"' in text


@pytest.mark.parametrize("box", [Box(40, 30, 80, 90), Box(-30, -30, 40, 40), Box(90, 90, 200, 250)])
def test_a_thumbnail_is_small_wherever_the_face_is(box: Box) -> None:
    image = Image(np.full((120, 100, 3), 77, np.uint8))
    data = thumbnail(image, face=box).removeprefix("data:image/jpeg;base64,")
    small = decode_image(base64.b64decode(data), limits=FILE_LIMITS)
    assert max(small.width_px, small.height_px) == 160


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    prepare_report_folder(folder)
    write_report_file(folder, "a.txt", "first")
    with pytest.raises(UnicodeEncodeError):
        write_report_file(folder, "a.txt", "half \udc80")
    assert [path.name for path in folder.iterdir()] == ["a.txt"]
    assert (folder / "a.txt").read_text() == "first"


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "report").touch()
    with pytest.raises(ReportError, match="cannot be written") as caught:
        prepare_report_folder(tmp_path / "report")
    assert "--report" in caught.value.remedy
