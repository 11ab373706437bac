"""`tools/ensure-test-tools` installs where it may, and never stands in the way where it may not."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "ensure-test-tools"
NEEDED = ("bash", "uname", "id", "mktemp", "rm", "env", "grep", "tail", "cat")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PATH with the basics and no browser; a test adds stand-ins for other programs."""
    for name in NEEDED:
        found = shutil.which(name)
        assert found is not None
        (tmp_path / name).symlink_to(found)
    return tmp_path


def _stand_in(machine: Path, name: str, body: str) -> None:
    path = machine / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!{shutil.which('bash')}\n{body}\n")
    path.chmod(0o755)


def _run(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k != "COUNTENANCE_CHROMIUM"}
    return subprocess.run(
        [str(machine / "bash"), str(SCRIPT), *arguments], env=env | {"PATH": str(machine)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_without_apt_it_says_what_to_install_and_succeeds(machine: Path) -> None:
    ran = _run(machine)
    assert ran.returncode == 0
    assert "no apt-get here" in ran.stdout
    assert "chromium" in ran.stdout


def test_without_rights_it_says_so_and_installs_nothing(machine: Path) -> None:
    _stand_in(machine, "id", "echo 1000")
    _stand_in(machine, "sudo", "exit 1")
    _stand_in(machine, "apt-get", f"touch {machine}/touched")
    ran = _run(machine)
    assert ran.returncode == 0
    assert "sudo asks for a password" in ran.stdout
    assert not (machine / "touched").exists()


def test_as_root_it_installs_each_missing_tool_and_says_so(machine: Path) -> None:
    _stand_in(machine, "id", "echo 0")
    _stand_in(machine, "apt-get", f'echo "$@" >>{machine}/calls')
    ran = _run(machine)
    calls = (machine / "calls").read_text()
    assert ran.returncode == 0
    assert "installed chromium" in ran.stdout
    assert "install -y --no-install-recommends chromium" in calls


def test_a_failed_download_is_told_and_does_not_fail_the_tests(machine: Path) -> None:
    _stand_in(machine, "id", "echo 0")
    _stand_in(machine, "apt-get", 'echo "E: Unable to fetch some archives"; exit 100')
    ran = _run(machine)
    assert ran.returncode == 0
    assert "could not install chromium: E: Unable to fetch some archives" in ran.stdout


def test_check_only_reports_and_exits_with_one_when_something_is_missing(machine: Path) -> None:
    _stand_in(machine, "apt-get", f"touch {machine}/touched")
    ran = _run(machine, "--check")
    assert ran.returncode == 1
    assert "missing: chromium" in ran.stdout
    assert not (machine / "touched").exists()
