"""`countenance bench` beside a real peer: keys, parity and bad input; never how long it took."""

import json
import sys
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from countenance.bench.peers.catalogue import PLANS, PeerName
from countenance.bench.peers.environment import environment_python
from countenance.bench.peers.start import PeerSetup, start_peers
from countenance.cli.main import main
from tests.fixtures.portraits import Person, source_picture

OPENCV_HERE = ("--peers", "opencv", "--peer-python", f"opencv={sys.executable}")
"""The development environment holds what OpenCV's worker needs; nothing is installed."""
STABLE_KEYS = (
    "frame_ms",
    "seed_path_ms",
    "ratio_to_seed_path",
    "embedding_ms",
    "opencv_embedding_ms",
    "ratio_embedding",
    "detector_ms",
    "opencv_detector_ms",
    "ratio_detector",
    "kernel_share",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench") / "home"


@pytest.fixture(autouse=True)
def _no_recorded_clips(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The public-domain portrait is measured, wherever the tests run."""
    monkeypatch.setenv("COUNTENANCE_SHARED", str(tmp_path / "nowhere"))


def run(home: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "bench", *map(str, arguments)])


def answer(result: Result) -> dict[str, object]:
    """The one object on standard output."""
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 1, result.stdout
    return dict(json.loads(result.stdout))


@pytest.fixture(scope="module")
def measured(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTENANCE_SHARED", str(tmp_path_factory.mktemp("nowhere")))
        return answer(run(home, "engine", "--rounds", 2, *OPENCV_HERE, "--json"))


def test_the_engine_agrees_with_opencv_on_the_same_weights(measured: dict[str, object]) -> None:
    parity = measured["parity"]
    assert isinstance(parity, dict)
    assert parity["frames_with_other_faces"] == 0
    assert 0 < float(str(measured["parity_max_abs"])) <= 1e-4
    assert measured["judged_share"] == 1.0
    assert measured["face_found_share"] == {"opencv": 1.0}


def test_the_stable_keys_are_there_with_their_spread(measured: dict[str, object]) -> None:
    spread = measured["spread"]
    assert isinstance(spread, dict)
    for key in STABLE_KEYS:
        value = measured[key]
        if "seed" in key:
            assert value is None, "a peer that was not asked for is null"
            assert spread[key] is None
        else:
            low, high = spread[key]
            assert low <= value <= high
            assert value > 0
    processor = measured["cpu"]
    assert isinstance(processor, dict)
    assert processor["frame_ms"] > 0
    assert processor["seed_path_ms"] is None
    assert 0 < float(str(measured["kernel_share"])) < 1
    assert (measured["rounds"], measured["frames_per_round"], measured["threads"]) == (2, 6, 1)
    machine = measured["machine"]
    assert isinstance(machine, dict)
    assert {"onnxruntime", "opencv-python-headless"} <= set(machine["packages"])


def test_it_says_who_was_measured(measured: dict[str, object]) -> None:
    peers = measured["peers"]
    assert isinstance(peers, dict)
    assert set(peers) == {"opencv"}
    assert peers["opencv"]["available"] is True
    assert peers["opencv"]["versions"]["opencv"] == cv2.__version__


def test_a_peer_that_cannot_be_had_is_null_with_the_reason(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    result = run(home, "compare", "--rounds", 2, "--peers", "seeds", "--json")
    told = answer(result)
    assert told["seed_comparison_us"] is None
    assert float(str(told["comparison_us"])) > 0
    peers = told["peers"]
    assert isinstance(peers, dict)
    assert "cannot be installed" in peers["seeds"]["reason"]
    assert "Without seeds" in result.stderr


def test_a_python_without_the_peers_packages_is_null_with_the_reason(home: Path) -> None:
    here = f"seeds={sys.executable}"  # face_recognition itself is no part of development
    told = answer(
        run(home, "compare", "--rounds", 2, "--peers", "seeds", "--peer-python", here, "--json")
    )
    peers = told["peers"]
    assert isinstance(peers, dict)
    assert "face_recognition" in peers["seeds"]["reason"]


def test_comparisons_are_timed_beside_opencvs(home: Path) -> None:
    told = answer(run(home, "compare", "--rounds", 2, *OPENCV_HERE, "--json"))
    assert float(str(told["ratio_to_opencv"])) > 0


def test_photographs_are_embedded_by_everybody(home: Path, tmp_path: Path) -> None:
    for number in range(12):
        small = cv2.resize(source_picture(list(Person)[number % 2]), (320, 320))
        cv2.imwrite(str(tmp_path / f"{number}.png"), small)
    told = answer(run(home, "enrol", tmp_path, "--limit", 12, *OPENCV_HERE, "--json"))
    assert told["photographs"] == 12
    assert told["embedded"] == {"own": 12, "opencv": 12}
    assert float(str(told["images_per_s"])) > 0


def test_a_folder_with_too_few_photographs_is_told(home: Path, tmp_path: Path) -> None:
    result = run(home, "enrol", tmp_path, "--peers", "none", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "bench"


def test_whole_logins_are_replayed_by_both_rules(home: Path) -> None:
    told = answer(run(home, "login", "--repeats", 1, *OPENCV_HERE, "--json"))
    logins = told["logins"]
    assert isinstance(logins, list)
    assert {login["by"] for login in logins} == {"own", "opencv"}
    theirs = next(login for login in logins if login["by"] == "opencv")
    assert (theirs["verdict"], theirs["frames"]) == ("granted", 10)


def test_tables_come_for_pages_and_for_people(home: Path) -> None:
    for words, mark in ((["--markdown"], "| Countenance |"), ([], "Countenance")):
        result = run(home, "compare", "--rounds", 2, "--peers", "none", *words)
        assert result.exit_code == 0
        assert mark in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--peers", "deepface"),
        ("--peers", "opencv,none"),
        ("--peer-python", "opencv"),
        ("--peer-python", "opencv=/no/such/python"),
        ("--peer-python", f"somebody={sys.executable}"),
        ("--threads", "0"),
    ],
)
def test_wrong_words_are_wrong_usage(home: Path, words: tuple[str, str]) -> None:
    assert run(home, "compare", *words).exit_code == 2


def test_a_clip_without_a_face_is_told(home: Path, tmp_path: Path) -> None:
    from countenance.images.video import VideoWriter
    from tests.unit.bench.test_footage import picture

    with VideoWriter(tmp_path / "wall.mkv", fps=30) as writer:
        for seed in range(6):
            writer.write(picture(640, 480, seed=seed))
    result = run(home, "engine", "--clip", tmp_path / "wall.mkv", "--peers", "none", "--json")
    assert result.exit_code == 1
    error = json.loads(result.stdout)["error"]
    assert (error["code"], "--clip" in error["remedy"]) == ("bench", True)


def test_dlibs_networks_find_and_encode_the_face(home: Path, tmp_path: Path) -> None:
    faces = [source_picture(person)[:260] for person in Person]
    pictures = np.stack([cv2.resize(face, (320, 200)) for face in faces])
    wall = np.full_like(pictures[:1], 90)
    setup = PeerSetup(home, 1, lambda _: None, {PeerName.DLIB_CNN: Path(sys.executable)})
    with ExitStack() as closing:
        peers = start_peers([PeerName.DLIB_CNN], setup=setup, closing=closing)
        process = peers.running[PeerName.DLIB_CNN]
        process.share("frames", np.concatenate([pictures, wall]), path=tmp_path / "frames.raw")
        collins, hopper, nobody = process.time("frame", [0, 1, 2], array="frames").values
    assert nobody is None
    assert len(collins) == len(hopper) == 128
    assert np.linalg.norm(np.subtract(collins, hopper)) > 0.6, "dlib's own line between people"


def test_the_path_of_the_tutorials_runs_in_an_environment_of_its_own(tmp_path: Path) -> None:
    """Only face_recognition is fetched; dlib and the models come from development."""
    lock = PLANS[PeerName.SEEDS].lock.read_text().splitlines()
    begin = next(n for n, line in enumerate(lock) if line.startswith("face-recognition=="))
    end = next(n for n in range(begin + 1, len(lock)) if not lock[n].startswith(" "))
    short = tmp_path / "short.lock"
    short.write_text("\n".join(lock[begin:end]) + "\n")
    from countenance.bench.errors import PeerUnavailableError

    try:
        python = environment_python(
            short, folder=tmp_path / "b", tell=lambda _: None, pip_options=("--retries", "0")
        )
    except PeerUnavailableError as error:
        pytest.skip(f"needs a package index: {error.message}")
    site = next(python.parents[1].glob("lib/python*/site-packages"))
    development = [path for path in sys.path if path.endswith("site-packages")]
    (site / "development.pth").write_text("\n".join(development) + "\n")
    words = ("--repeats", 1, "--peers", "seeds", "--peer-python", f"seeds={python}", "--json")
    told = answer(run(tmp_path / "home", "login", *words))
    logins = told["logins"]
    assert isinstance(logins, list)
    theirs = next(login for login in logins if login["by"] == "seeds")
    assert (theirs["verdict"], theirs["frames"]) == ("granted", 10)
