"""`tools/bootstrap` installs what the lock says, file for file, or nothing."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.smallest_wheel import write_wheel

ROOT = Path(__file__).parents[2]
NAME = "locked_package"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one locked package, whose genuine wheel lies in `wheels`."""
    folder = tmp_path / "project"
    for part in ("tools", "requirements", "wheels"):
        (folder / part).mkdir(parents=True)
    shutil.copy(ROOT / "tools/bootstrap", folder / "tools")
    shutil.copy(Path(__file__).with_name("smallest_wheel.py"), folder / "backend.py")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "sample_project"\nversion = "1.0"\n'
    )
    wheel = write_wheel(folder / "wheels", NAME, "1.0", maker="the author")
    lock(folder, wheel, version="1.0")
    return folder


def lock(project: Path, wheel: Path, *, version: str) -> None:
    """Lock the package to this very file."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    text = f"{NAME}=={version} --hash=sha256:{digest}\n"
    (project / "requirements/base.lock").write_text(text)


def bootstrap(project: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the script without a network; wheels come from the folder of the project."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    offline = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(project / "wheels"),
        "COUNTENANCE_PYTHON": sys.executable,
    }
    return subprocess.run(
        ["tools/bootstrap", "base"],
        cwd=project,
        env=kept | offline | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def installed_by(project: Path) -> str:
    """Who made the package that the environment holds; empty when it holds none."""
    code = f"import {NAME}; print({NAME}.MAKER)"
    python = project / ".venv/bin/python"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def test_the_genuine_wheel_is_installed_once_and_again_when_the_lock_changes(
    project: Path, tmp_path: Path
) -> None:
    # A machine's pip settings that would send packages elsewhere have no effect.
    first = bootstrap(project, PIP_TARGET=str(tmp_path / "elsewhere"), PIP_USER="1")
    assert first.returncode == 0, first.stderr
    assert installed_by(project) == "the author"
    second = bootstrap(project)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")

    wheel = write_wheel(project / "wheels", NAME, "2.0", maker="the author, later")
    lock(project, wheel, version="2.0")
    assert bootstrap(project).returncode == 0
    assert installed_by(project) == "the author, later"


def test_a_substituted_wheel_stops_the_installation(project: Path) -> None:
    write_wheel(project / "wheels", NAME, "1.0", maker="somebody else")
    done = bootstrap(project)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert "do not use it" in done.stderr
    assert installed_by(project) == ""


def test_a_moved_folder_gets_a_new_environment(project: Path) -> None:
    assert bootstrap(project).returncode == 0
    moved = project.rename(project.with_name("moved"))
    assert bootstrap(moved).returncode == 0
    script = (moved / ".venv/bin/pip").read_text()
    assert str(moved) in script


def test_without_a_suitable_python_the_message_says_what_to_install(project: Path) -> None:
    done = bootstrap(project, COUNTENANCE_PYTHON="/bin/false")
    assert done.returncode != 0
    assert "Python 3.11 or later is needed" in done.stderr
    assert "python3-venv" in done.stderr
