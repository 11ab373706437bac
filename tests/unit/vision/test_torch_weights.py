"""Checkpoints are read as data: tensors come out, programs do not run."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from countenance.vision.errors import ModelInvalidError
from countenance.vision.torch_weights import read_state_dict

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
PROTOCOL = b"\x80\x02M\xe9\x03."
SYSTEM = b"\x80\x02}q\x00X\x0d\x00\x00\x00little_endianq\x01\x88s."


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def tensor(
    name: str, *, shape: tuple[int, ...], stride: tuple[int, ...], offset: int, size: int
) -> bytes:
    """One item of a state dict: key, then the call that rebuilds a tensor."""
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu")
    storage += number(size) + b"NtQ"
    rebuilt = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset)
    rebuilt += b"(" + b"".join(map(number, shape)) + b"t"
    rebuilt += b"(" + b"".join(map(number, stride)) + b"t\x89"
    return text(name) + rebuilt + b"ccollections\nOrderedDict\n)RtR"


def checkpoint(items: bytes, values: list[float]) -> bytes:
    state = b"\x80\x02ccollections\nOrderedDict\n)R" + items + b"s."
    keys = b"\x80\x02](" + text("0") + b"e."
    head = MAGIC + PROTOCOL + SYSTEM + state + keys
    return head + struct.pack("<q", len(values)) + np.array(values, "<f4").tobytes()


def test_a_tensor_comes_out_with_its_shape_and_strides() -> None:
    item = tensor("w", shape=(2, 3), stride=(1, 2), offset=1, size=7)
    found = read_state_dict(checkpoint(item, list(range(7))))
    assert found["w"].dtype == np.float32
    assert found["w"].tolist() == [[1, 3, 5], [2, 4, 6]]


@pytest.mark.parametrize(
    ("shape", "stride", "offset"),
    [
        ((2, 3), (3, 1), 2),  # ends past the storage
        ((2,), (-1,), 1),
        ((2,), (1,), -1),
        ((2,), (1, 1), 0),
        ((0,), (1,), 0),
        ((2,), (2**30,), 0),
    ],
)
def test_a_tensor_that_reaches_outside_its_numbers_is_refused(
    shape: tuple[int, ...], stride: tuple[int, ...], offset: int
) -> None:
    item = tensor("w", shape=shape, stride=stride, offset=offset, size=7)
    with pytest.raises(ModelInvalidError, match="tensor"):
        read_state_dict(checkpoint(item, list(range(7))))


def test_a_program_in_a_checkpoint_is_refused_and_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    call = b"cos\nsystem\n(" + text(f"touch {trace}") + b"tR"
    with pytest.raises(ModelInvalidError, match="'os system', which is refused"):
        read_state_dict(checkpoint(text("w") + call, [0.0]))
    assert not trace.exists()


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",  # STACK_GLOBAL
        b"\x80\x02(Vls\nios\nsystem\n.",  # INST
        b"\x80\x02c__builtin__\neval\n.",
        b"\x80\x02ccollections\nOrderedDict\n(NtR.",  # an allowed name called with arguments
    ],
)
def test_every_other_way_to_a_call_is_refused(program: bytes) -> None:
    with pytest.raises(ModelInvalidError):
        read_state_dict(MAGIC + PROTOCOL + SYSTEM + program)


@pytest.mark.parametrize(
    "content",
    [b"", b"no checkpoint", b"PK\x03\x04" + bytes(40), MAGIC, MAGIC + PROTOCOL + SYSTEM],
)
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ModelInvalidError):
        read_state_dict(content)


def test_a_checkpoint_cut_off_anywhere_is_refused() -> None:
    item = tensor("w", shape=(2, 3), stride=(3, 1), offset=0, size=6)
    whole = checkpoint(item, list(range(6)))
    for length in range(0, len(whole), 5):
        with pytest.raises(ModelInvalidError):
            read_state_dict(whole[:length])


def archive(path: Path, members: dict[str, bytes], *, how: int = zipfile.ZIP_STORED) -> bytes:
    with zipfile.ZipFile(path, "w", how) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path.read_bytes()


def state(items: bytes) -> bytes:
    return b"\x80\x02ccollections\nOrderedDict\n)R" + items + b"s."


def test_the_archive_of_newer_versions_is_read_too(tmp_path: Path) -> None:
    item = tensor("w", shape=(2, 3), stride=(1, 2), offset=1, size=7)
    numbers = np.arange(7, dtype="<f4").tobytes()
    content = archive(tmp_path / "w.pth", {"w/data.pkl": state(item), "w/data/0": numbers})
    assert read_state_dict(content)["w"].tolist() == [[1, 3, 5], [2, 4, 6]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"w/data/0": b"\0" * 6}, "cut off"),
        ({"w/data/0": b"\0" * 8}, "reaches past"),
        ({"w/byteorder": b"big"}, "little-endian"),
        ({"other/data.pkl": b"x"}, "no PyTorch checkpoint"),
        ({"w/data.pkl": state(text("w") + b"cos\nsystem\n(" + text("true") + b"tR")}, "refused"),
        ({"w/data.pkl": b"\x80\x02](" + text("0") + b"e."}, "something else"),
    ],
)
def test_a_damaged_or_hostile_archive_is_refused(
    change: dict[str, bytes], told: str, tmp_path: Path
) -> None:
    item = tensor("w", shape=(2,), stride=(1,), offset=5, size=7)
    members = {"w/data.pkl": state(item), "w/data/0": np.zeros(7, "<f4").tobytes()}
    with pytest.raises(ModelInvalidError, match=told):
        read_state_dict(archive(tmp_path / "w.pth", members | change))


def test_an_archive_that_swells_or_is_cut_off_is_refused(tmp_path: Path) -> None:
    item = tensor("w", shape=(2,), stride=(1,), offset=0, size=2)
    members = {"w/data.pkl": state(item), "w/data/0": bytes(8)}
    with pytest.raises(ModelInvalidError, match="compressed"):
        read_state_dict(archive(tmp_path / "a.pth", members, how=zipfile.ZIP_DEFLATED))
    with pytest.raises(ModelInvalidError, match="damaged archive"):
        read_state_dict(archive(tmp_path / "b.pth", members)[:-30])
    with pytest.raises(ModelInvalidError, match="damaged archive"):
        read_state_dict(archive(tmp_path / "c.pth", {"w/data.pkl": state(item)}))


def test_the_calls_of_the_first_versions_are_understood() -> None:
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu")
    storage += number(2) + b"NtQ"
    plain = b"ctorch._utils\n_rebuild_tensor\n(" + storage + number(0)
    plain += b"(" + number(2) + b"t(" + number(1) + b"ttR"
    parameter = text("w") + b"ctorch.nn.parameter\nParameter\n(" + plain + b"\x88tR"
    assert read_state_dict(checkpoint(parameter, [3.0, 4.0]))["w"].tolist() == [3.0, 4.0]
    of_nothing = text("w") + b"ctorch.nn.parameter\nParameter\n(" + number(1) + b"\x88tR"
    with pytest.raises(ModelInvalidError):
        read_state_dict(checkpoint(of_nothing, [3.0]))
