"""Look through our code with bandit and through the pinned packages with pip-audit.

`python -m tools.audit code` judges every finding of bandit in `src` and `tools`: it has to be gone,
or explained on its line with `# nosec B603 # the reason`, or in `requirements/explained.toml`.
An explanation without a reason, or of nothing, counts as a finding itself.
`python -m tools.audit advisories` asks the advisory database of PyPI about every package of
`requirements/dev.lock`; without either word both are done.

Exit status: 0 nothing left, 1 something to repair or to explain, 3 the database was not asked
about every package, which says nothing about them.
"""

from __future__ import annotations

import io
import json
import re
import subprocess  # nosec B404 # bandit and pip-audit run as programs
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("src", "tools")
LOCK = Path("requirements/dev.lock")
EXPLAINED = Path("requirements/explained.toml")
CLEAN, FOUND, NOT_ASKED = 0, 1, 3

NOSEC = re.compile(r"#\s*nosec\b:?(?P<tests>[^#]*)(?:#\s*(?P<reason>.*))?$")
"""As bandit reads it: the numbers of its tests, and, after another `#`, what it does not read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What bandit says about one line."""

    path: str
    """Relative to the root of the repository, with slashes."""
    line: int
    test: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.test} {self.text}"


@dataclass(frozen=True, slots=True)
class Nosec:
    """An explanation on a line."""

    path: str
    line: int
    tests: tuple[str, ...]
    """Empty when none is named, which would silence every test."""
    reason: str


@dataclass(frozen=True, slots=True)
class Advisory:
    """What a database of advisories says about a pinned package."""

    id: str
    aliases: tuple[str, ...]
    package: str
    version: str
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        repaired = f"repaired in {', '.join(self.fixed_in)}" if self.fixed_in else "not repaired"
        return f"{self.package} {self.version}: {self.id}, {repaired}"


def is_reason(text: str) -> bool:
    """Whether a text says something: two words of letters at least."""
    return len(re.findall(r"[^\W\d_]{2,}", text)) >= 2


def nosecs(source: str, path: str) -> Iterator[Nosec]:
    """The explanations in the comments of a Python file, not those inside its texts."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        found = NOSEC.search(token.string) if token.type == tokenize.COMMENT else None
        if found is not None:
            tests = tuple(re.findall(r"\bB\d{3}\b", found["tests"]))
            yield Nosec(path, token.start[0], tests, (found["reason"] or "").strip())


def findings(report: Mapping[str, Any]) -> list[Finding]:
    """What a JSON report of bandit holds.

    Raises: ValueError: bandit could not read a file, so the report does not speak about it.
    """
    if report["errors"]:
        unread = ", ".join(f"{error['filename']} ({error['reason']})" for error in report["errors"])
        raise ValueError(f"bandit could not read {unread}")
    return [
        Finding(
            Path(result["filename"]).as_posix().removeprefix("./"),
            result["line_number"],
            result["test_id"],
            result["issue_text"],
        )
        for result in report["results"]
    ]


def judge_code(
    found: Iterable[Finding], said: Iterable[Nosec], table: Sequence[Mapping[str, str]]
) -> list[str]:
    """Complaints: findings without an explanation, explanations without a reason or a finding.

    Args:
        found: of a run that took no heed of nosec comments.
        said: every nosec comment in the same files.
        table: `[[code]]` of `explained.toml`: `path` (a file, or a folder with its slash), `test`
            and `reason`.
    """
    open_findings = set(found)
    complaints = []
    for nosec in said:
        where = f"{nosec.path}:{nosec.line}"
        if not nosec.tests:
            complaints.append(f"{where}: nosec names no test, so it silences all")
        if not is_reason(nosec.reason):
            complaints.append(f"{where}: nosec has no reason; write `# nosec B603 # the reason`")
        for test in nosec.tests:
            explained = {
                f for f in open_findings if (f.path, f.line, f.test) == (*_at(nosec), test)
            }
            if not explained:
                complaints.append(f"{where}: nosec {test} explains nothing; take it away")
            open_findings -= explained
    for entry in table:
        where = f"{EXPLAINED}: {entry['path']} {entry['test']}"
        if not is_reason(entry.get("reason", "")):
            complaints.append(f"{where}: has no reason")
        explained = {f for f in open_findings if _covers(entry, f)}
        if not explained:
            complaints.append(f"{where}: explains nothing; take it away")
        open_findings -= explained
    return complaints + [
        str(f) for f in sorted(open_findings, key=lambda f: (f.path, f.line, f.test))
    ]


def _at(nosec: Nosec) -> tuple[str, int]:
    return nosec.path, nosec.line


def _covers(entry: Mapping[str, str], finding: Finding) -> bool:
    path = entry["path"]
    inside = finding.path.startswith(path) if path.endswith("/") else finding.path == path
    return inside and finding.test == entry["test"]


def read_advisories(report: Mapping[str, Any]) -> tuple[list[Advisory], list[str], int]:
    """What a JSON report of pip-audit holds.

    Returns: advisories; names of the packages that were passed over (pip-audit calls a run in which
        the database knew none of them a success); how many were answered for.
    """
    advisories, unasked, asked = [], [], 0
    for package in report["dependencies"]:
        if "skip_reason" in package:
            unasked.append(package["name"])
            continue
        asked += 1
        advisories += [
            Advisory(
                vuln["id"],
                tuple(vuln["aliases"]),
                package["name"],
                package["version"],
                tuple(vuln["fix_versions"]),
            )
            for vuln in package["vulns"]
        ]
    return advisories, unasked, asked


def judge_advisories(
    found: Iterable[Advisory], table: Sequence[Mapping[str, str]], *, complete: bool
) -> list[str]:
    """Complaints: advisories without an explanation, explanations without a reason or an advisory.

    Args:
        found: what the database told.
        complete: whether every package was asked about; else an entry may wait for its advisory.
        table: `[[advisory]]` of `explained.toml`: `id` (or an alias), `package` and `reason`.
    """
    left = list(found)
    complaints = []
    for entry in table:
        where = f"{EXPLAINED}: {entry['package']} {entry['id']}"
        if not is_reason(entry.get("reason", "")):
            complaints.append(f"{where}: has no reason")
        explained = [
            a for a in left if entry["id"] in (a.id, *a.aliases) and a.package == entry["package"]
        ]
        if complete and not explained:
            complaints.append(f"{where}: explains nothing; take it away")
        left = [a for a in left if a not in explained]
    return complaints + [str(a) for a in left]


def ask_bandit(root: Path, folders: Sequence[str]) -> Mapping[str, Any]:
    """Run bandit below `root`, without heed of nosec comments.

    Raises: RuntimeError: it did not run to its end.
    """
    command = [sys.executable, "-m", "bandit", "--quiet", "--ignore-nosec", "--format", "json"]
    done = subprocess.run(  # noqa: S603 # nosec B603 # our own interpreter and our own words
        [*command, "--recursive", *folders], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"bandit ended with {done.returncode}: {done.stderr.strip()}")
    report: Mapping[str, Any] = json.loads(done.stdout)
    return report


def ask_advisories(lock: Path, timeout_s: float = 300) -> Mapping[str, Any] | str:
    """Run pip-audit over a lock.

    Returns: its report, or why there is none, in a sentence.
    """
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip"]
    command += ["--require-hashes", "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(  # noqa: S603 # nosec B603 # our own interpreter and our own words
            command, capture_output=True, text=True, check=False, timeout=timeout_s
        )
        report: Mapping[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return f"no answer within {timeout_s:.0f} s"
    except ValueError:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        return f"pip-audit ended with {done.returncode}: {''.join(last)}"
    return report


def audit_code(root: Path, folders: Sequence[str] = FOLDERS) -> int:
    """Print what is left to repair or to explain in the code below `root`."""
    found = findings(ask_bandit(root, folders))
    files = sorted(file for folder in folders for file in (root / folder).rglob("*.py"))
    said = [
        nosec
        for file in files
        for nosec in nosecs(file.read_text("utf-8"), file.relative_to(root).as_posix())
    ]
    complaints = judge_code(found, said, _explained(root).get("code", []))
    print(*complaints, sep="\n", end="\n" if complaints else "")
    print(
        f"bandit: {len(found)} findings in {len(files)} files of {' and '.join(folders)}, "
        + (f"{len(complaints)} complaints" if complaints else "each explained")
    )
    return FOUND if complaints else CLEAN


def audit_advisories(root: Path, report: Mapping[str, Any] | str) -> int:
    """Print what a report says about the packages, or that nobody was asked."""
    if isinstance(report, str):
        print(f"pip-audit: not asked; this says nothing about the packages ({report})")
        return NOT_ASKED
    advisories, unasked, asked = read_advisories(report)
    table = _explained(root).get("advisory", [])
    complaints = judge_advisories(advisories, table, complete=not unasked)
    print(*complaints, sep="\n", end="\n" if complaints else "")
    if asked:
        print(
            f"pip-audit: {asked} packages asked about, {len(advisories)} advisories, "
            + (f"{len(complaints)} complaints" if complaints else "each explained")
        )
    if unasked:
        few = ", ".join(unasked[:5]) + (", ..." if len(unasked) > 5 else "")
        print(
            f"pip-audit: {len(unasked)} packages not asked about; this says nothing about them "
            f"({few}: the database does not answer here, or does not know them)"
        )
    if complaints:
        return FOUND
    return NOT_ASKED if unasked or not asked else CLEAN


def _explained(root: Path) -> dict[str, list[dict[str, str]]]:
    file = root / EXPLAINED
    return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}


def main(words: Sequence[str]) -> int:
    """Do what the words name; the worst outcome is the exit status."""
    if not set(words) <= {"code", "advisories"}:
        print(__doc__)
        return 2
    chosen = set(words) or {"code", "advisories"}
    statuses = []
    if "code" in chosen:
        statuses.append(audit_code(ROOT))
    if "advisories" in chosen:
        statuses.append(audit_advisories(ROOT, ask_advisories(ROOT / LOCK)))
    return FOUND if FOUND in statuses else max(statuses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
