"""Environments: made once, whole or not at all, from wheels whose digest is known."""

import base64
import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from countenance.bench.errors import PeerUnavailableError
from countenance.bench.peers.catalogue import ENVIRONMENTS, PLANS, PeerName
from countenance.bench.peers.environment import READY, environment_python

NO_INDEX = ("--no-index",)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small wheel."""
    folder = tmp_path_factory.mktemp("wheels")
    files = {
        "bench_fake.py": b"ANSWER = 42\n",
        "bench_fake-1.0.dist-info/METADATA": (
            b"Metadata-Version: 2.1\nName: bench-fake\nVersion: 1.0\n"
        ),
        "bench_fake-1.0.dist-info/WHEEL": (
            b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    rows = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')},"
        for name, data in files.items()
    ]
    with zipfile.ZipFile(folder / "bench_fake-1.0-py3-none-any.whl", "w") as wheel:
        for name, data in files.items():
            wheel.writestr(name, data)
        wheel.writestr(
            "bench_fake-1.0.dist-info/RECORD",
            "\n".join([*rows, "bench_fake-1.0.dist-info/RECORD,,", ""]),
        )
    return folder


def write_lock(folder: Path, wheels: Path, *, digest: str | None = None) -> Path:
    wheel = next(wheels.glob("*.whl"))
    real = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = folder / "fake.lock"
    lock.write_text(f"bench-fake==1.0 --hash=sha256:{digest or real}\n")
    return lock


@pytest.fixture(autouse=True)
def _no_settings_of_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine tells pip must not help."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)


def test_an_environment_is_made_once_and_holds_what_the_lock_says(
    tmp_path: Path, wheels: Path
) -> None:
    told: list[str] = []
    lock = write_lock(tmp_path, wheels)
    options = (*NO_INDEX, "--find-links", str(wheels))
    python = environment_python(lock, folder=tmp_path / "b", tell=told.append, pip_options=options)
    code = "import bench_fake, sys; print(bench_fake.ANSWER, sys.prefix != sys.base_prefix)"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["42", "True"]
    assert len(told) == 1
    # The second time nothing is fetched, or it would fail.
    assert environment_python(lock, folder=tmp_path / "b", tell=told.append) == python
    assert len(told) == 1


def test_an_environment_that_was_not_finished_is_made_again(tmp_path: Path, wheels: Path) -> None:
    lock = write_lock(tmp_path, wheels)
    options = (*NO_INDEX, "--find-links", str(wheels))
    python = environment_python(
        lock, folder=tmp_path / "b", tell=lambda _: None, pip_options=options
    )
    place = python.parents[1]
    (place / READY).unlink()
    (place / "half").write_text("left over")
    environment_python(lock, folder=tmp_path / "b", tell=lambda _: None, pip_options=options)
    assert (place / READY).is_file()
    assert not (place / "half").exists()


@pytest.mark.parametrize(
    ("digest", "options", "why"),
    [
        ("0" * 64, "links", "hash|HASH"),
        (None, "unreachable", "No matching distribution"),
    ],
)
def test_what_cannot_be_installed_is_told_and_leaves_nothing(
    tmp_path: Path, wheels: Path, digest: str | None, options: str, why: str
) -> None:
    words = {
        "links": (*NO_INDEX, "--find-links", str(wheels)),
        # Nobody listens on the discard port of this machine.
        "unreachable": ("--index-url", "http://127.0.0.1:9/simple", "--retries", "0"),
    }[options]
    lock = write_lock(tmp_path, wheels, digest=digest)
    with pytest.raises(PeerUnavailableError, match=why) as caught:
        environment_python(lock, folder=tmp_path / "b", tell=lambda _: None, pip_options=words)
    assert caught.value.code == "bench.peer_unavailable"
    assert "--peers" in caught.value.remedy
    assert not list((tmp_path / "b").glob("fake-*"))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, wheels: Path) -> None:
    (tmp_path / "b").write_text("a file")
    with pytest.raises(PeerUnavailableError, match="cannot be made"):
        environment_python(write_lock(tmp_path, wheels), folder=tmp_path / "b", tell=lambda _: None)


@pytest.mark.parametrize("name", PeerName)
def test_every_peer_has_a_lock_with_digests_and_a_worker(name: PeerName) -> None:
    plan = PLANS[name]
    text = plan.lock.read_text()
    asked = plan.lock.with_suffix(".in").read_text()
    pins = [line for line in text.splitlines() if "==" in line and not line.startswith(" ")]
    assert pins
    assert text.count("--hash=sha256:") >= len(pins)
    wanted = [line for line in asked.splitlines() if line and not line.startswith("#")]
    assert len(pins) == len(wanted), "resolved alone: what is not listed is not installed"
    assert (ENVIRONMENTS.parent / "workers" / f"{plan.worker}.py").is_file()
