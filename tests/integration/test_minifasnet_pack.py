"""The pack `minifasnet`: installed by the command, and at work in the engine."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest

from countenance.geometry.boxes import Box
from countenance.images.codec import read_image
from countenance.images.image import ColourOrder, Image
from countenance.images.video import open_video
from countenance.training.golden import public_pictures
from countenance.vision.backends.onnx.minifasnet import MiniFasNetPair
from countenance.vision.backends.onnx.pad import OnnxPadModel, shipped_pad_card
from countenance.vision.engine import Engine, open_engine, open_recognition
from countenance.vision.errors import ModelAlteredError, ModelInvalidError
from countenance.vision.model_store import ModelStore
from countenance.vision.packs import shipped_pack
from countenance.vision.pad_fusion import FUSION_PACK, FusedPadModel, fusion_of
from tests.fakes.mirrors import Mirror, serve
from tests.harness.commands import invoke
from tests.harness.server import free_port

PACK = shipped_pack(FUSION_PACK)
FILES = [card.file for card in PACK.cards]
PICTURES = dict(public_pictures())


def countenance(
    home: Path, *arguments: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return invoke("--home", str(home), *arguments, env=env)


def install(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return countenance(home, "models", "install", FUSION_PACK, *arguments)


def pack_of(home: Path, env: dict[str, str] | None = None) -> dict[str, object]:
    answer = json.loads(countenance(home, "models", "list", "--json", env=env).stdout)
    return next(pack for pack in answer["packs"] if pack["name"] == FUSION_PACK)


def detection(home: Path) -> dict[str, str]:
    done = countenance(home, "doctor", "--json", env={"COUNTENANCE_PORT": str(free_port())})
    findings = json.loads(done.stdout)["findings"]
    return next(one for one in findings if one["check"] == "presentation_attacks")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serve() as found:
        yield found


def test_without_the_pack_the_shipped_detector_judges_alone_and_the_doctor_recommends_it(
    home: Path,
) -> None:
    engine = open_engine(home / "models")
    assert isinstance(engine.pad, OnnxPadModel)
    assert pack_of(home)["installed"] is False
    found = detection(home)
    assert found["health"] == "ok"
    assert "countenance models install minifasnet" in found["remedy"]
    assert "pad-lite0-linear 4, on sources held out of training: eer" in found["found"]


def test_files_that_are_not_the_publishers_are_refused(home: Path, mirror: Mirror) -> None:
    mirror.files = dict.fromkeys(FILES, b"another network")
    done = install(home, "--mirror", mirror.url, "--accept-licence")
    assert done.returncode == 1
    assert "SHA-256" in done.stderr
    assert list((home / "models").iterdir()) == []


def test_the_licence_is_shown_and_has_to_be_accepted(home: Path, mirror: Mirror) -> None:
    done = install(home, "--mirror", mirror.url)
    assert done.returncode == 2
    assert done.stderr.count("Apache-2.0") >= 2
    assert "Minivision" in done.stderr
    assert "blob/master/LICENSE" in done.stderr
    assert mirror.asked == []


def test_it_is_no_pack_to_recognise_faces_with(home: Path) -> None:
    with pytest.raises(ModelInvalidError, match="has no model for face detection"):
        open_recognition(home / "models", pack=FUSION_PACK)


@pytest.fixture(scope="module")
def files(shared_data: Path) -> Path:
    """Folder with the publisher's two files."""
    folder = shared_data / "models"
    if not all((folder / name).is_file() for name in FILES):
        pytest.skip(f"needs {' and '.join(FILES)} in {folder}")
    return folder


@pytest.fixture(scope="module")
def models(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with the pack in it."""
    folder = tmp_path_factory.mktemp("models")
    for name in FILES:
        (folder / name).write_bytes((files / name).read_bytes())
    return folder


@pytest.fixture(scope="module")
def engine(models: Path) -> Engine:
    return open_engine(models)


@pytest.mark.real_data
def test_from_a_folder_it_is_installed_used_measured_and_removed(home: Path, files: Path) -> None:
    done = install(home, "--from", str(files), "--accept-licence")
    assert done.returncode == 0, done.stderr
    assert "Used from the next start on" in done.stdout
    assert (pack_of(home)["in_use"], pack_of(home)["installed"]) == (True, True)
    off = {"COUNTENANCE_ENGINE_PAD_FUSION": "off"}
    assert pack_of(home, env=off)["in_use"] is False
    verified = json.loads(countenance(home, "models", "verify", "--json").stdout)
    assert verified["intact"] is True
    assert {"minifasnet-v2", "minifasnet-v1se"} <= {model["name"] for model in verified["models"]}
    found = detection(home)
    assert "fused with the pack minifasnet" in found["found"]
    assert f"eer {fusion_of(PACK).figures['eer']:.3f}" in found["found"]
    assert found["remedy"] == ""
    removed = countenance(home, "models", "remove", FUSION_PACK, "--yes", "--json")
    assert len(json.loads(removed.stdout)["removed"]) == 2
    assert pack_of(home)["installed"] is False


@pytest.mark.real_data
def test_an_altered_file_stops_the_engine_and_off_lets_it_start(
    models: Path, tmp_path: Path
) -> None:
    for name in FILES:
        content = bytearray((models / name).read_bytes())
        content[-1] ^= 1
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelAlteredError) as caught:
        open_engine(tmp_path)
    assert "countenance models install minifasnet" in caught.value.remedy
    assert isinstance(open_engine(tmp_path, pad_fusion=False).pad, OnnxPadModel)


@pytest.mark.real_data
def test_a_detector_of_ones_own_judges_without_it(models: Path, tmp_path: Path) -> None:
    """Its weights were found with the shipped one."""
    card = json.loads(shipped_pad_card().read_text(encoding="utf-8"))
    proto = onnx.load_model(shipped_pad_card().with_suffix(".onnx"))
    proto.doc_string = "trained elsewhere"
    content = proto.SerializeToString()
    (tmp_path / card["file"]).write_bytes(content)
    card["sha256"] = hashlib.sha256(content).hexdigest()
    path = tmp_path / "own.json"
    path.write_text(json.dumps(card), encoding="utf-8")
    assert isinstance(open_engine(models, pad_card=path).pad, OnnxPadModel)


@pytest.mark.real_data
@pytest.mark.parametrize("name", sorted(PICTURES))
def test_golden_vectors_pin_the_preprocessing(models: Path, name: str) -> None:
    pair = MiniFasNetPair.load(ModelStore(models), PACK.cards, name=PACK.identity)
    vector = next(v for v in PACK.parameters["golden"] if v["picture"] == name)
    image, face = read_image(PICTURES[name]), Box(*vector["box_xyxy"])
    # JPEG decoders may differ by a grey level; a wrong colour order differs by more than that.
    assert pair.log_odds(image, face=face) == pytest.approx(vector["log_odds"], abs=0.1)
    mixed_up = Image(image.pixels, ColourOrder.RGB)
    assert abs(pair.log_odds(mixed_up, face=face) - vector["log_odds"]) > 0.3


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("clip", "is_bona_fide"),
    [
        ("liveness/clips/Apfol_real.webm", True),
        ("video/lp_d3.mp4", True),  # of no source that any weight was found with
        ("liveness/clips/Apfol_fake.webm", False),
        ("liveness/clips/lestari15_fake.mp4", False),
    ],
)
def test_clips_are_judged_by_both(
    engine: Engine, shared_data: Path, clip: str, is_bona_fide: bool
) -> None:
    assert isinstance(engine.pad, FusedPadModel)
    observer, judged = engine.observer(), []
    with open_video(shared_data / clip) as video:
        for frame in itertools.islice(video.frames(), 0, 120, 3):
            seen = observer.analyse(
                frame.image, sequence=frame.index, at_s=frame.at_s, template=None
            )
            if seen.bona_fide is not None:
                assert seen.bona_fide.threshold == engine.pad.threshold
                judged.append(seen.bona_fide.is_bona_fide)
    assert len(judged) >= 10
    assert sum(judged) > 0.9 * len(judged) if is_bona_fide else not any(judged)
