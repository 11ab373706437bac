"""Read the tensors of a PyTorch checkpoint without executing it.

A checkpoint is a pickle, and loading a pickle runs whatever program it holds. This reader
interprets only the opcodes that a plain ``state_dict`` needs, and knows only the four names such a
file refers to; anything else ends in an error. Nothing is imported or called by the file's wish.

Source: the layouts written by ``torch.save``: before PyTorch 1.6 a stream (magic number, protocol,
system information, object, storage keys, raw storages), since then an uncompressed ZIP archive
(``data.pkl`` and one file for each storage under ``data/``).
"""

from __future__ import annotations

import io
import pickletools  # nosec B403 # names the opcodes, runs none
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countenance.vision.errors import ModelInvalidError

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
SIZES = {"FloatStorage": 4, "LongStorage": 8}
DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}
NAMES = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor",
    "torch._utils _rebuild_tensor_v2",
    "torch.nn.parameter Parameter",
    "torch FloatStorage",
    "torch LongStorage",
}

_LITERALS = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE"}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


@dataclass(frozen=True, slots=True)
class _Name:
    """A global that the file mentions; never resolved to an object."""

    value: str


@dataclass(frozen=True, slots=True)
class _Storage:
    """A run of numbers that stands after the object, found by `key`."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class _TensorView:
    """A tensor inside a storage; offset and stride in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def read_state_dict(content: bytes) -> dict[str, NDArray[Any]]:
    """Return every tensor of a checkpoint by name.

    Args:
        content: the whole file.

    Returns: name -> array (float32 or int64), each a copy in C order.
    Raises: ModelInvalidError: not such a file, or it asks for more than tensors.
    """
    if content.startswith(b"PK"):
        return _read_archive(content)
    stream = io.BytesIO(content)
    if _read_object(stream) != MAGIC or _read_object(stream) != PROTOCOL:
        raise ModelInvalidError("The file is no PyTorch checkpoint.")
    system = _read_object(stream)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise ModelInvalidError("The checkpoint was not written on a little-endian machine.")
    views, keys = _read_object(stream), _read_object(stream)
    if not isinstance(views, dict) or not isinstance(keys, list):
        raise ModelInvalidError("The checkpoint holds something else than named tensors.")
    kinds = {v.storage.key: v.storage.kind for v in views.values() if isinstance(v, _TensorView)}
    storages = {key: _read_storage(stream, kinds.get(key)) for key in keys}
    return {str(name): _tensor(view, storages) for name, view in views.items()}


def _read_archive(content: bytes) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_members(archive)
    # RuntimeError and its NotImplementedError are what zipfile says to encrypted members and to
    # features it does not know; KeyError to a member that is not there.
    except (zipfile.BadZipFile, KeyError, EOFError, RuntimeError) as error:
        raise ModelInvalidError("The checkpoint is a damaged archive.") from error


def _read_members(archive: zipfile.ZipFile) -> dict[str, NDArray[Any]]:
    members = {entry.filename: entry for entry in archive.infolist()}
    # torch.save never compresses; what is stored as it is cannot swell when it is read.
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in members.values()):
        raise ModelInvalidError("The checkpoint is compressed, which is refused.")
    pickles = [name for name in members if name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ModelInvalidError("The archive is no PyTorch checkpoint.")
    folder = pickles[0].removesuffix("data.pkl")
    order = f"{folder}byteorder"
    if order in members and archive.read(order) != b"little":
        raise ModelInvalidError("The checkpoint was not written on a little-endian machine.")
    views = _read_object(io.BytesIO(archive.read(pickles[0])))
    if not isinstance(views, dict):
        raise ModelInvalidError("The checkpoint holds something else than named tensors.")
    kinds = {v.storage.key: v.storage.kind for v in views.values() if isinstance(v, _TensorView)}
    storages = {
        key: _whole_numbers(archive.read(f"{folder}data/{key}"), kind)
        for key, kind in kinds.items()
    }
    return {str(name): _tensor(view, storages) for name, view in views.items()}


def _whole_numbers(raw: bytes, kind: str) -> NDArray[Any]:
    if len(raw) % SIZES[kind]:
        raise ModelInvalidError("The checkpoint is cut off.")
    return np.frombuffer(raw, DTYPES[kind])


def _read_storage(stream: io.BytesIO, kind: str | None) -> NDArray[Any]:
    if kind is None:
        raise ModelInvalidError("The checkpoint holds numbers that no tensor refers to.")
    head = stream.read(8)
    if len(head) != 8:
        raise ModelInvalidError("The checkpoint is cut off.")
    size = int(struct.unpack("<q", head)[0])
    raw = stream.read(size * SIZES[kind]) if size >= 0 else b""
    if size < 0 or len(raw) != size * SIZES[kind]:
        raise ModelInvalidError("The checkpoint is cut off.")
    return np.frombuffer(raw, DTYPES[kind])


def _tensor(view: object, storages: dict[str, NDArray[Any]]) -> NDArray[Any]:
    if not isinstance(view, _TensorView) or view.storage.key not in storages:
        raise ModelInvalidError("The checkpoint holds something else than named tensors.")
    flat = storages[view.storage.key]
    last = view.offset + sum((n - 1) * s for n, s in zip(view.shape, view.stride, strict=True))
    if last >= flat.size:
        raise ModelInvalidError("A tensor of the checkpoint reaches past its numbers.")
    byte_strides = tuple(s * flat.itemsize for s in view.stride)
    strided = np.lib.stride_tricks.as_strided(flat[view.offset :], view.shape, byte_strides)
    return np.ascontiguousarray(strided).reshape(view.shape).copy()


def _read_object(stream: io.BytesIO) -> object:
    """Interpret one pickle of the stream with the allowed opcodes alone."""
    try:
        return _Machine().run(pickletools.genops(stream))
    except (ValueError, IndexError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ModelInvalidError(f"The checkpoint cannot be read: {error}") from error


class _Machine:
    """A stack machine for the opcodes of a state dict."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._steps: dict[str, Callable[[Any], None]] = {
            "PROTO": lambda _: None,
            "MARK": lambda _: self._stack.append(_MARK),
            "GLOBAL": self._name,
            "BINPUT": self._remember,
            "LONG_BINPUT": self._remember,
            "BINGET": lambda key: self._stack.append(self._memo[key]),
            "LONG_BINGET": lambda key: self._stack.append(self._memo[key]),
            "EMPTY_DICT": lambda _: self._stack.append({}),
            "EMPTY_LIST": lambda _: self._stack.append([]),
            "TUPLE": lambda _: self._stack.append(tuple(self._to_mark())),
            "SETITEM": self._set_item,
            "SETITEMS": self._set_items,
            "APPENDS": self._extend,
            "BINPERSID": self._storage,
            "REDUCE": self._rebuild,
            "BUILD": lambda _: self._discard_attributes(),
        }

    def run(self, operations: Iterator[tuple[Any, Any, int | None]]) -> object:
        for opcode, argument, _ in operations:
            if opcode.name == "STOP":
                return self._stack.pop()
            if opcode.name in _LITERALS:
                self._stack.append(argument)
            elif opcode.name in _CONSTANTS:
                self._stack.append(_CONSTANTS[opcode.name])
            elif opcode.name in _TUPLES:
                self._tuple(_TUPLES[opcode.name])
            elif opcode.name in self._steps:
                self._steps[opcode.name](argument)
            else:
                raise ModelInvalidError(f"The checkpoint asks for {opcode.name}, which is refused.")
        raise ModelInvalidError("The checkpoint is cut off.")

    def _tuple(self, count: int) -> None:
        items = tuple(self._stack[-count:])
        del self._stack[-count:]
        self._stack.append(items)

    def _name(self, name: str) -> None:
        if name not in NAMES:
            raise ModelInvalidError(f"The checkpoint refers to {name!r}, which is refused.")
        self._stack.append(_Name(name))

    def _remember(self, key: int) -> None:
        self._memo[key] = self._stack[-1]

    def _to_mark(self) -> list[Any]:
        items: list[Any] = []
        while (item := self._stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def _set_item(self, _: object) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._stack[-1][key] = value

    def _set_items(self, _: object) -> None:
        items = self._to_mark()
        self._stack[-1].update(zip(items[::2], items[1::2], strict=True))

    def _extend(self, _: object) -> None:
        items = self._to_mark()
        self._stack[-1].extend(items)

    def _storage(self, _: object) -> None:
        tag, kind, key, _location, _size, *_view = self._stack.pop()
        if tag != "storage" or not isinstance(kind, _Name):
            raise ModelInvalidError("The checkpoint refers to something else than a storage.")
        self._stack.append(_Storage(kind.value.removeprefix("torch "), key))

    def _rebuild(self, _: object) -> None:
        arguments, name = self._stack.pop(), self._stack.pop()
        if name == _Name("collections OrderedDict") and arguments == ():
            self._stack.append({})
        elif name in (
            _Name("torch._utils _rebuild_tensor"),
            _Name("torch._utils _rebuild_tensor_v2"),
        ):
            self._stack.append(_view(*arguments[:4]))
        elif name == _Name("torch.nn.parameter Parameter") and isinstance(
            arguments[0], _TensorView
        ):
            self._stack.append(arguments[0])
        else:
            raise ModelInvalidError("The checkpoint asks for a call, which is refused.")

    def _discard_attributes(self) -> None:
        # The module versions that torch hangs on the dictionary; no tensor is among them.
        self._stack.pop()


def _view(
    storage: object, offset: int, shape: tuple[int, ...], stride: tuple[int, ...]
) -> _TensorView:
    if (
        not isinstance(storage, _Storage)
        or len(shape) != len(stride)
        or offset < 0
        or min(shape, default=1) < 1
        or min(stride, default=0) < 0
    ):
        raise ModelInvalidError("A tensor of the checkpoint is malformed.")
    return _TensorView(storage, offset, shape, stride)
