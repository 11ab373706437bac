"""Read a network out of a file that dlib has written.

dlib writes a network as its layers, from the image to the result. An integer is a byte (low four
bits: how many bytes follow, high bit: sign) and its little-endian bytes; a float is two such
integers, mantissa and power of two; a name is its length and its letters; a tensor is a version,
four sizes and raw float32. What lies between the layers is of no use here: a layer is found by its
name, searched from where the one before ended, so that weights are never taken for names.

The content is foreign until its digest is checked, and read as such: sizes are compared with the
bytes that are there before anything is made of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.vision.errors import ModelInvalidError

Floats = NDArray[np.float32]

_START: Final = b"\x01\x01\x01\x0dloss_metric_2"
_MAX_SIDE: Final = 1 << 20
"""No size of a layer of a sensible network is larger."""


@dataclass(frozen=True, slots=True)
class ImageInput:
    """The image: RGB, 0..255; the network sees (image - mean) / 256."""

    mean_rgb: tuple[float, float, float]
    height_px: int
    width_px: int


@dataclass(frozen=True, slots=True)
class Window:
    """How a kernel or pool moves: size, stride and padding in pixels, each (vertical, across)."""

    size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A convolution with biases."""

    weights: Floats
    """(out, in, height, width) float32."""
    biases: Floats
    """(out,) float32."""
    window: Window


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """A factor and a shift for each channel; a batch normalisation that is no longer trained."""

    gamma: Floats
    """(channels,) float32."""
    beta: Floats
    """(channels,) float32."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The largest or the mean value of a window."""

    window: Window
    is_mean: bool

    @property
    def is_global(self) -> bool:
        """Whether the window is the whole picture."""
        return self.window.size == (0, 0)


@dataclass(frozen=True, slots=True)
class Rectifier:
    """max(x, 0)."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Adds what the shortcut carried; the smaller of the two is filled up with zeros."""


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """A matrix at the end, without bias."""

    weights: Floats
    """(inputs, outputs) float32."""


Layer = ImageInput | Convolution | Affine | Pool | Rectifier | Sum | Dense


def read_layers(content: bytes) -> tuple[Layer, ...]:
    """The layers of a metric network, from the image on.

    Args:
        content: a `.dat` file of dlib, unpacked.

    Raises: ModelInvalidError: it is no such file, cut short, or of another version.
    """
    if not content.startswith(_START):
        raise _invalid("it is no network of dlib")
    layers = tuple(_layers(_Reader(content)))
    if len(layers) < 2 or not isinstance(layers[-1], Dense):
        raise _invalid("it ends before its last layer")
    return layers


def _layers(reader: _Reader) -> Iterator[Layer]:
    while (name := reader.seek_layer()) is not None:
        layer = _READERS[name](reader)
        yield layer
        if isinstance(layer, Dense):
            return


class _Reader:
    """Reads the basic values of the format, in order."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def seek_layer(self) -> bytes | None:
        """Go behind the next name of a layer; None when there is none."""
        found = _NAME.search(self._content, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found[0][2:]

    def integer(self) -> int:
        (header,) = self._take(1)
        size = header & 0x0F
        if not 1 <= size <= 8 or header & 0x70:
            raise _invalid(f"there is no integer at byte {self._at - 1}")
        value = int.from_bytes(self._take(size), "little")
        return -value if header & 0x80 else value

    def size(self) -> int:
        """An integer that is a size or a count."""
        value = self.integer()
        if not 0 <= value <= _MAX_SIDE:
            raise _invalid(f"the size {value} before byte {self._at} makes no sense")
        return value

    def pair(self) -> tuple[int, int]:
        return self.size(), self.size()

    def real(self) -> float:
        mantissa, power = self.integer(), self.integer()
        if not -200 < power < 20:
            raise _invalid(f"the number before byte {self._at} makes no sense")
        return math.ldexp(mantissa, power)

    def expect(self, *values: int) -> None:
        for value in values:
            if (found := self.integer()) != value:
                raise _invalid(f"{found} stands before byte {self._at} in the place of {value}")

    def tensor(self) -> Floats:
        """Its floats in a row; a view of the content, not a copy."""
        self.expect(2)
        count = math.prod([self.size() for _ in range(4)])
        values = np.frombuffer(self._take(4 * count), dtype="<f4").astype(np.float32, copy=False)
        if not np.isfinite(values).all():
            raise _invalid(f"a weight before byte {self._at} is not finite")
        return values

    def shape(self) -> tuple[int, int, int, int]:
        """The four sizes of a part of a tensor."""
        self.expect(1)
        return self.size(), self.size(), self.size(), self.size()

    def window(self) -> Window:
        return Window(size=self.pair(), stride=self.pair(), padding=self.pair())

    def _take(self, count: int) -> bytes:
        if count > len(self._content) - self._at:
            raise _invalid("it ends in the middle of a layer")
        part = self._content[self._at : self._at + count]
        self._at += count
        return part


def _image(reader: _Reader) -> ImageInput:
    red, green, blue = reader.real(), reader.real(), reader.real()
    height, width = reader.pair()
    return ImageInput((red, green, blue), height, width)


def _convolution(reader: _Reader) -> Convolution:
    values, filters, window = reader.tensor(), reader.size(), reader.window()
    shape, bias_shape = reader.shape(), reader.shape()
    count = math.prod(shape)
    fits = shape[0] == filters and shape[2:] == window.size and bias_shape == (1, filters, 1, 1)
    if not fits or 0 in (*shape, *window.stride) or values.size != count + filters:
        raise _invalid("a convolution contradicts its own sizes")
    return Convolution(values[:count].reshape(shape), values[count:], window)


def _affine(reader: _Reader) -> Affine:
    values = reader.tensor()
    half = values.size // 2
    if reader.shape() != (1, half, 1, 1) or reader.shape() != (1, half, 1, 1) or values.size % 2:
        raise _invalid("a normalisation contradicts its own sizes")
    return Affine(values[:half], values[half:])


def _max_pool(reader: _Reader) -> Pool:
    return _pool(reader.window(), is_mean=False)


def _mean_pool(reader: _Reader) -> Pool:
    return _pool(reader.window(), is_mean=True)


def _pool(window: Window, *, is_mean: bool) -> Pool:
    if 0 in window.stride or ((0 in window.size) and window.size != (0, 0)):
        raise _invalid("a pool contradicts its own sizes")
    return Pool(window, is_mean)


def _rectifier(_reader: _Reader) -> Rectifier:
    return Rectifier()


def _sum(_reader: _Reader) -> Sum:
    return Sum()


def _dense(reader: _Reader) -> Dense:
    outputs, inputs = reader.pair()
    values = reader.tensor()
    if not outputs or values.size != inputs * outputs:
        raise _invalid("the last layer contradicts its own sizes")
    return Dense(values.reshape(inputs, outputs))


_READERS: Final[dict[bytes, Callable[[_Reader], Layer]]] = {
    b"input_rgb_image_sized": _image,
    b"con_4": _convolution,
    b"affine_": _affine,
    b"relu_": _rectifier,
    b"max_pool_2": _max_pool,
    b"avg_pool_2": _mean_pool,
    b"add_prev_": _sum,
    b"fc_2": _dense,
}
_NAME: Final = re.compile(b"|".join(re.escape(bytes((1, len(name))) + name) for name in _READERS))


def _invalid(why: str) -> ModelInvalidError:
    return ModelInvalidError(
        f"The file of dlib cannot be read: {why}.", remedy="Run: countenance models verify"
    )
