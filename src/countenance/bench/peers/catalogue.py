"""Who is compared with, and what each of them needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

ENVIRONMENTS: Final = Path(__file__).parent / "environments"
"""Folder of the locks, one for each environment."""


class PeerName(StrEnum):
    """The peers that can be asked for."""

    SEEDS = "seeds"
    """The path that tutorials take."""
    DLIB_CNN = "dlib-cnn"
    OPENCV = "opencv"
    """The same weights as ours."""


@dataclass(frozen=True, slots=True)
class PeerPlan:
    """How a peer is run."""

    title: str
    environment: str
    """Name of its lock in `ENVIRONMENTS`; peers with the same one share it."""
    worker: str
    """Module of `workers` that runs inside."""

    @property
    def lock(self) -> Path:
        return ENVIRONMENTS / f"{self.environment}.lock"


PLANS: Final = {
    PeerName.SEEDS: PeerPlan("face_recognition: dlib HOG upsampled once, ResNet", "dlib", "seeds"),
    PeerName.DLIB_CNN: PeerPlan("dlib: CNN detector, ResNet", "dlib", "dlib_cnn"),
    PeerName.OPENCV: PeerPlan(
        "OpenCV: FaceDetectorYN at 640 x 480, FaceRecognizerSF", "opencv", "opencv_zoo"
    ),
}
