"""Templates: the samples of one enrolment and the direction they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.embeddings import Embedding, normalised

MAX_SAMPLES: Final = 10
_COHERENCE_WEIGHT: Final = 0.3
"""How much of a template's spread is taken off its similarities; see `Template.reference`."""


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """What a login is compared with; holds one to `MAX_SAMPLES` embeddings of one person."""

    samples: NDArray[np.float32]
    """(n, d) float32, each row of length 1."""
    pack: str
    """Model pack and version that made the samples."""
    _reference: NDArray[np.float32] | None = field(default=None, init=False, repr=False)
    """Kept once it was asked for: a login compares every frame with it."""

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.dtype != np.float32:
            raise ValueError("template samples are (n, d) float32")
        if not 1 <= len(self.samples) <= MAX_SAMPLES:
            raise ValueError(f"a template holds 1 to {MAX_SAMPLES} samples")
        if not np.allclose(np.linalg.norm(self.samples, axis=1), 1.0, atol=1e-3):
            raise ValueError("template samples have length 1")

    def __repr__(self) -> str:
        return f"Template(pack={self.pack!r}, n={len(self.samples)}, d={self.samples.shape[1]})"

    def centre(self) -> Embedding:
        """The mean direction of the samples."""
        return normalised(self.samples.mean(axis=0), pack=self.pack)

    @property
    def coherence(self) -> float:
        """Length of the mean sample (mean resultant length): 1 when all samples are one.

        Source: Mardia and Jupp, Directional Statistics, 2000, section 9.2.
        """
        return float(np.linalg.norm(self.samples.mean(axis=0)))

    def reference(self) -> NDArray[np.float32]:
        """What a probe is multiplied with for its similarity: the centre, a little shortened.

        A mean of several samples has less noise than one and so lies nearer to everybody: at one
        threshold, false matches double with three samples. `coherence ** 0.3` takes that back,
        for spread and near-identical samples alike, and leaves a single sample as it is.

        Returns: (d,) float32 of length at most 1; not to be written to.
        """
        if self._reference is None:
            share = np.float32(self.coherence**_COHERENCE_WEIGHT)
            reference = self.centre().values * share
            reference.flags.writeable = False
            object.__setattr__(self, "_reference", reference)
            return reference
        return self._reference

    def to_bytes(self) -> bytes:
        """Serialise as a small header and little-endian float32 rows; no pickle.

        Layout: `CTPL`, version 1, sample count, dimension (uint16), rows.
        """
        count, dimension = self.samples.shape
        header = b"CTPL" + bytes([1, count]) + int(dimension).to_bytes(2, "little")
        return header + self.samples.astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, *, pack: str) -> Template:
        """Inverse of `to_bytes`.

        Raises: ValueError: the bytes are no template of version 1.
        """
        if len(data) < 8 or data[:4] != b"CTPL" or data[4] != 1:
            raise ValueError("not a template of version 1")
        count, dimension = data[5], int.from_bytes(data[6:8], "little")
        if len(data) != 8 + 4 * count * dimension:
            raise ValueError("template bytes are truncated")
        rows = np.frombuffer(data, dtype="<f4", offset=8).reshape(count, dimension)
        return cls(rows.astype(np.float32), pack)


def template_of(embeddings: list[Embedding]) -> Template:
    """Collect embeddings of one person.

    Raises: ValueError: none given, more than `MAX_SAMPLES`, or of different packs.
    """
    packs = {embedding.pack for embedding in embeddings}
    if len(packs) != 1:
        raise ValueError("a template needs embeddings of exactly one pack")
    return Template(np.stack([embedding.values for embedding in embeddings]), packs.pop())
