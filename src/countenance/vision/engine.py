"""The engine: detector, embedder and passive detector of one installation, opened once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from countenance.biometrics.embeddings import Embedding, normalised
from countenance.biometrics.open_set import NonMatedTail
from countenance.ceremony.evidence import Hint
from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import Landmarks5, head_pose
from countenance.images.crops import mirrored, resized
from countenance.images.image import Image
from countenance.images.quality import measure
from countenance.pad.calibration import log_odds
from countenance.pad.camera import CameraScores, camera_shift
from countenance.vision.cards import ModelCard
from countenance.vision.interfaces import DetectedFace, FaceDetector, FaceEmbedder, PadModel
from countenance.vision.ledger import ModelLedger
from countenance.vision.model_store import ModelStore
from countenance.vision.observer import Observer, Thresholds
from countenance.vision.packs import (
    DEFAULT_PACK,
    FACE_DETECTION,
    FACE_EMBEDDING,
    Pack,
    shipped_pack,
)
from countenance.vision.pad_fusion import FusedPadModel, fusion_of, usable_fusion
from countenance.vision.pins import check_pin
from countenance.vision.precision import Precision
from countenance.vision.quality import STILL_LIMITS, first_hint, sample_quality

_STILL_SIDES_PX: Final = (640, 1280, 320)
"""Longest sides at which a photograph is searched until a face is found; never enlarged first."""


@dataclass(frozen=True, slots=True, eq=False)
class StillAnalysis:
    """What a photograph shows."""

    face_count: int
    """Faces large enough to matter."""
    hint: Hint
    """The first thing to mend; `HOLD_STILL` when the photograph can be enrolled."""
    face: DetectedFace | None = None
    """The most prominent face, pixels of the photograph: large and near the middle."""
    embedding: Embedding | None = None
    """Of that face, whatever the hint; None when there is no face."""
    quality: float = 0.0
    """0 (poor) to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """The models of one process; safe to share between threads."""

    detector: FaceDetector
    embedder: FaceEmbedder
    pad: PadModel
    thresholds: Thresholds
    frame_embedder: FaceEmbedder | None = None
    """Embeds the frames of a capture, faster than `embedder`; None takes that one."""

    @property
    def pack(self) -> str:
        """Pack of the templates that this engine can compare with."""
        return self.embedder.pack

    def observer(self, *, enrols: bool = False) -> Observer:
        """Begin to watch a new capture.

        Args: enrols: embed exactly, as photographs are: a template is compared with for years,
            and integers on both sides would raise the false match rate.
        """
        embedder = self.embedder if enrols else self.frame_embedder or self.embedder
        return Observer(self.detector, embedder, self.pad, self.thresholds)

    def threshold_shift(self, scores: CameraScores | None) -> float:
        """How far the passive threshold moves at a camera, log-odds; 0 for one not known."""
        return camera_shift(
            scores,
            expected=self.pad.expected_log_odds,
            threshold=log_odds(self.pad.threshold),
            bounds=self.pad.shift_bounds,
        )

    def warm_up(self) -> None:
        """Run each model once, so that the first person does not wait for it."""
        grey = Image(np.full((240, 320, 3), 127, np.uint8))
        for side_px in (256, 320):
            self.detector.detect(grey, max_side_px=side_px)

    def analyse_still(self, image: Image) -> StillAnalysis:
        """Find and embed the face of a photograph, for import and comparison of files."""
        faces = _search_still(self.detector, image)
        if not faces:
            return StillAnalysis(0, Hint.NO_FACE)
        size = (image.width_px, image.height_px)
        face = max(faces, key=lambda found: _prominence(found.box, size))
        count = sum(other.box.width_px >= 0.5 * face.box.width_px for other in faces)
        pose, picture = head_pose(face.landmarks), measure(image, face=face.box)
        hint = first_hint(face, pose=pose, picture=picture, frame_size=size, limits=STILL_LIMITS)
        return StillAnalysis(
            face_count=count,
            hint=Hint.SEVERAL_FACES if count > 1 else hint,
            face=face,
            embedding=embed_still(self.embedder, image, landmarks=face.landmarks),
            quality=sample_quality(pose=pose, picture=picture, face=face),
        )


def embed_still(embedder: FaceEmbedder, image: Image, *, landmarks: Landmarks5) -> Embedding:
    """Embed a face and its mirror image and take the direction between.

    It costs a second run and lowers FNMR at FMR 1e-4 from 2.7 to 2.0 % on LFW pairs; such
    embeddings compare with those of single frames at the same threshold.

    Args:
        embedder: any.
        image: the whole photograph.
        landmarks: pixels of `image`.
    """
    mirror = landmarks.mirrored(image.width_px)
    both = (
        embedder.embed(image, landmarks=landmarks).values
        + embedder.embed(mirrored(image), landmarks=mirror).values
    )
    return normalised(both, pack=embedder.pack)


def open_engine(
    models_dir: Path,
    *,
    pad_card: Path | None = None,
    pad_fusion: bool = True,
    threads: int = 1,
    pack: str = DEFAULT_PACK,
    precision: Precision = Precision.AUTO,
    ledger: ModelLedger | None = None,
    check_pad: Callable[[Path, bytes], None] = check_pin,
) -> Engine:
    """Check, prepare and load all models.

    Args:
        models_dir: prepared graphs are kept here; files put here go before carried ones.
        pad_card: card of another passive detector; None takes the shipped one.
        pad_fusion: ask for a second opinion where its pack is installed and fits the detector.
        threads: of one inference.
        pack: name of the model pack that finds and recognises faces.
        precision: of the embeddings and the passive detection of frames; photographs are always
            embedded in float32.
        ledger: what the installation knows of the folder; None for a folder of one's own.
        check_pad: is given path and content of the passive detector's card and model before they
            are used, such as `ModelLedger.check`.

    Raises: VisionError: there is no such pack, or a model is missing, altered, not listed or not
        usable.
    """
    detector, embedder, thresholds = open_recognition(
        models_dir, threads=threads, pack=pack, ledger=ledger
    )
    store, is_fast = ModelStore(models_dir, ledger=ledger), precision.resolved() is Precision.INT8
    pad = _open_pad(
        store,
        pad_card,
        threads=threads,
        is_fast=is_fast,
        fuses=pad_fusion,
        check=check_pad,
    )
    fast = _open_frame_embedder(store, pack, threads=threads) if is_fast else None
    engine = Engine(detector, embedder, pad, thresholds, fast)
    engine.warm_up()
    return engine


def open_recognition(
    models_dir: Path,
    *,
    threads: int = 1,
    pack: str = DEFAULT_PACK,
    ledger: ModelLedger | None = None,
) -> tuple[FaceDetector, FaceEmbedder, Thresholds]:
    """Detector and embedder alone, for work that judges no presentation.

    Raises: VisionError: there is no such pack, or a model is missing, altered or not usable.
    """
    from countenance.vision.backends.onnx.session import open_session
    from countenance.vision.backends.onnx.yunet import YuNetDetector

    store, chosen = ModelStore(models_dir, ledger=ledger), shipped_pack(pack)
    finder, card = chosen.card(FACE_DETECTION), chosen.card(FACE_EMBEDDING)
    detector = YuNetDetector(
        open_session(store.prepared(finder), threads=threads),
        score_threshold=finder.needed_threshold(),
        nms_iou=float(finder.parameters["nms_iou"]),
    )
    return (
        detector,
        _open_embedder(store, card, pack=chosen, threads=threads),
        Thresholds(
            match_similarity=card.needed_threshold(),
            continuity_similarity=float(card.parameters["continuity_similarity"]),
            tail=_tail(card),
        ),
    )


def _open_embedder(store: ModelStore, card: ModelCard, *, pack: Pack, threads: int) -> FaceEmbedder:
    from countenance.vision.backends.onnx.dlib_embedder import DlibEmbedder
    from countenance.vision.backends.onnx.session import open_session
    from countenance.vision.backends.onnx.sface import SFaceEmbedder

    session = open_session(store.prepared(card), threads=threads)
    kind = DlibEmbedder if card.format == "dlib" else SFaceEmbedder
    return kind(session, pack=pack.identity)


def _open_frame_embedder(store: ModelStore, pack: str, *, threads: int) -> FaceEmbedder | None:
    from countenance.vision.backends.onnx.session import open_session
    from countenance.vision.backends.onnx.sface import SFaceEmbedder

    chosen = shipped_pack(pack)
    integers = store.in_integers(store.prepared(chosen.card(FACE_EMBEDDING)))
    if integers is None:
        return None
    session = open_session(integers, threads=threads, is_integer=True)
    return SFaceEmbedder(session, pack=chosen.identity)


def _open_pad(
    store: ModelStore,
    card: Path | None,
    *,
    threads: int,
    is_fast: bool,
    fuses: bool,
    check: Callable[[Path, bytes], None],
) -> PadModel:
    from countenance.vision.backends.onnx.minifasnet import MiniFasNetPair
    from countenance.vision.backends.onnx.pad import OnnxPadModel

    in_integers = store.in_integers if is_fast else None
    own = OnnxPadModel.load(card, threads=threads, in_integers=in_integers, check=check)
    pack = usable_fusion(store, detector_sha256=own.card.sha256) if fuses else None
    if pack is None:
        return own
    second = MiniFasNetPair.load(store, pack.cards, name=pack.identity, threads=threads)
    return FusedPadModel(own, second, fusion_of(pack))


def _tail(card: ModelCard) -> NonMatedTail | None:
    measured = card.parameters.get("non_mated_tail")
    return NonMatedTail(**measured) if measured else None


def _search_still(detector: FaceDetector, image: Image) -> tuple[DetectedFace, ...]:
    longest = max(image.width_px, image.height_px)
    for side_px in _STILL_SIDES_PX:
        faces = detector.detect(image, max_side_px=side_px)
        if faces:
            return faces
    # Enlarged, a small photograph shows faces that fall between the detector's cells.
    view, factor = resized(image, factor=min(4.0, max(1.0, _STILL_SIDES_PX[0] / longest)))
    return tuple(_scaled(face, 1 / factor) for face in detector.detect(view))


def _prominence(box: Box, size: tuple[int, int]) -> float:
    """Orders the faces of a photograph: area less twice the squared distance from the middle.

    A bystander before the person who was meant is large, but at the side.
    """
    away_px = math.dist(box.centre, (size[0] / 2, size[1] / 2))
    return box.area_px - 2 * away_px**2


def _scaled(face: DetectedFace, factor: float) -> DetectedFace:
    return DetectedFace(
        face.box.scaled(factor), face.landmarks.scaled(factor), face.detection_score
    )
