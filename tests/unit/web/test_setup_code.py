"""The one-time code of the first run."""

from __future__ import annotations

from pathlib import Path

import pytest

from countenance.errors import ConfigurationError
from countenance.web.setup_code import (
    FILE_NAME,
    check_setup_code,
    ensure_setup_code,
    remove_setup_code,
)


def test_the_code_stays_until_it_is_used(tmp_path: Path) -> None:
    code = ensure_setup_code(tmp_path)
    assert ensure_setup_code(tmp_path) == code
    assert check_setup_code(tmp_path, f" {code}\n")
    remove_setup_code(tmp_path)
    remove_setup_code(tmp_path)
    assert not check_setup_code(tmp_path, code)
    assert ensure_setup_code(tmp_path) != code


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    ensure_setup_code(tmp_path)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("guess", ["", " ", "0", "é"])
def test_no_guess_fits(tmp_path: Path, guess: str) -> None:
    assert not check_setup_code(tmp_path, guess)  # there is no code at all
    ensure_setup_code(tmp_path)
    assert not check_setup_code(tmp_path, guess)


def test_an_empty_file_is_no_code(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("")
    assert not check_setup_code(tmp_path, "")
    assert ensure_setup_code(tmp_path)


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be kept"):
        ensure_setup_code(tmp_path / "missing")
