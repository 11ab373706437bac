"""`make audit` lets through what is explained and nothing else, judged on what bandit says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tools import audit

PLANTED = "import subprocess\n\nsubprocess.call('ls', shell=True)\n"
EXPLAINED = (
    "import subprocess  # nosec B404 # the test plants it\n"
    "\n"
    "subprocess.call('ls', shell=True)  # nosec B602, B607 # the test plants it\n"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "src" / "calm.py").write_text("ANSWER = 42\n")
    return tmp_path


def _judged(tree: Path, source: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    (tree / "src" / "planted.py").write_text(source)
    status = audit.audit_code(tree, ["src"])
    return status, capsys.readouterr().out.splitlines()


def test_a_planted_finding_fails_with_its_place(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = _judged(tree, PLANTED, capsys)
    assert status == audit.FOUND
    assert [line.split(" ")[:2] for line in said[:-1]] == [
        ["src/planted.py:1:", "B404"],
        ["src/planted.py:3:", "B602"],
        ["src/planted.py:3:", "B607"],
    ]


def test_what_is_explained_on_its_line_passes_ours_and_bandit_itself(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = _judged(tree, EXPLAINED, capsys)
    assert (status, said) == (0, ["bandit: 3 findings in 2 files of src, each explained"])
    bandit = [sys.executable, "-m", "bandit", "--quiet", "--recursive", "src"]
    assert subprocess.run(bandit, cwd=tree, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("# nosec B404", "src/planted.py:1: nosec has no reason"),
        ("# nosec B404 # ok", "src/planted.py:1: nosec has no reason"),
        ("# nosec # all of it is fine here", "src/planted.py:1: nosec names no test"),
        # It would silence the finding for bandit, and something that is not there as well.
        ("# nosec B404, B403 # only our own words", "nosec B403 explains nothing"),
        ("# nosec B403 # only our own words", "src/planted.py:1: B404"),
        # A text is no comment.
        ('; TEXT = "# nosec B404 # only our own words"', "src/planted.py:1: B404"),
    ],
)
def test_an_explanation_has_to_name_its_finding_and_its_reason(
    line: str, complaint: str, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = _judged(tree, f"import subprocess  {line}\n", capsys)
    assert status == audit.FOUND
    assert any(complaint in one for one in said), said


def test_a_nosec_on_another_line_of_the_same_call_explains_nothing(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bandit would let one comment hide every finding of a long statement."""
    source = (
        "NAMES = {\n    'password': 'one',\n    'token': 'two',  # nosec B105 # a name only\n}\n"
    )
    status, said = _judged(tree, source, capsys)
    assert status == audit.FOUND
    assert said[0].startswith("src/planted.py:2: B105")
    assert len(said) == 2


def test_the_table_explains_a_folder_and_fails_when_it_is_of_no_use(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tree / "requirements" / "explained.toml"
    entry = '[[code]]\npath = "src/"\ntest = "{}"\nreason = "{}"\n'
    table.write_text(entry.format("B101", "checks of its own"))
    assert _judged(tree, "assert len('a') == 1\n", capsys)[0] == 0
    status, said = _judged(tree, "ANSWER = 42\n", capsys)
    assert (status, said[0]) == (
        1,
        "requirements/explained.toml: src/ B101: explains nothing; take it away",
    )
    table.write_text(entry.format("B101", "ok"))
    status, said = _judged(tree, "assert len('a') == 1\n", capsys)
    assert (status, said[0]) == (1, "requirements/explained.toml: src/ B101: has no reason")


def test_a_file_that_bandit_cannot_read_is_not_taken_for_clean(tree: Path) -> None:
    (tree / "src" / "broken.py").write_text("def :\n")
    with pytest.raises(ValueError, match=r"could not read .*broken\.py"):
        audit.findings(audit.ask_bandit(tree, ["src"]))


def _package(name: str, *vulns: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "vulns": list(vulns)}


VULN = {"id": "PYSEC-1", "aliases": ["CVE-2"], "fix_versions": ["1.1"], "description": "bad"}
SKIPPED = {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.mark.parametrize(
    ("dependencies", "status", "word"),
    [
        ([_package("a"), _package("b")], 0, "2 packages asked about, 0 advisories"),
        ([_package("a", VULN)], 1, "a 1.0: PYSEC-1, repaired in 1.1"),
        # pip-audit ends with 0 and "No known vulnerabilities found" on these.
        ([SKIPPED], 3, "1 packages not asked about; this says nothing"),
        ([_package("a"), SKIPPED], 3, "1 packages not asked about"),
        ([], 3, ""),
        ([_package("a", VULN), SKIPPED], 1, "PYSEC-1"),
    ],
)
def test_packages_that_nobody_was_asked_about_are_not_called_clean(
    dependencies: list[Any],
    status: int,
    word: str,
    tree: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert audit.audit_advisories(tree, {"dependencies": dependencies}) == status
    assert word in capsys.readouterr().out


def test_an_advisory_is_explained_by_its_alias_for_its_package_alone(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tree / "requirements" / "explained.toml"
    table.write_text(
        '[[advisory]]\nid = "CVE-2"\npackage = "a"\nreason = "the part is never called"\n'
    )
    assert audit.audit_advisories(tree, {"dependencies": [_package("a", VULN)]}) == 0
    assert audit.audit_advisories(tree, {"dependencies": [_package("b", VULN)]}) == 1
    assert audit.audit_advisories(tree, {"dependencies": [_package("a")]}) == 1
    assert "explains nothing" in capsys.readouterr().out


def test_the_real_pip_audit_without_a_network_is_not_asked(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("XDG_CACHE_HOME", str(tree / "cache"))  # nothing remembered answers for it
    monkeypatch.setenv("PIP_CACHE_DIR", str(tree / "cache"))
    lock = tree / "one.lock"
    lock.write_text(f"flask==3.1.3 --hash=sha256:{'0' * 64}\n")
    assert "127.0.0.1" in os.environ["HTTPS_PROXY"]
    answer = audit.ask_advisories(lock, timeout_s=60)
    assert audit.audit_advisories(tree, answer) == audit.NOT_ASKED
    assert "not asked" in capsys.readouterr().out


def test_both_parts_are_done_and_the_worst_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "ask_advisories", lambda _: "nobody there")
    monkeypatch.setattr(audit, "audit_code", lambda _: audit.FOUND)
    assert audit.main([]) == audit.FOUND
    monkeypatch.setattr(audit, "audit_code", lambda _: audit.CLEAN)
    assert audit.main([]) == audit.NOT_ASKED
    assert audit.main(["code"]) == audit.CLEAN
    assert audit.main(["cdoe"]) == 2
