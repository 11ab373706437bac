"""The folder of a run that is not done: what it has so far, whole files only.

It lies beside the output, is for its owner only, and becomes the output in one step or vanishes.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countenance.errors import CountenanceError
from countenance.training.errors import NoRoomError, OtherRunError, TrainingError

Arrays = dict[str, NDArray[Any]]


@contextlib.contextmanager
def work_folder(output: Path, *, resume: bool) -> Iterator[Path]:
    """Make or find the folder of the run that will write `output`.

    A run that was stopped or ran out of space leaves it for `resume`; one that failed does not.

    Raises: TrainingError: the output exists, a stopped run is there and `resume` is not, or the
        other way round, or nothing can be written.
    """
    folder = work_path(output)
    _check(output, folder, resume=resume)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(output, error) from error
    try:
        yield folder
    except (NoRoomError, OtherRunError):
        raise
    except CountenanceError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def work_path(output: Path) -> Path:
    """Where the run that will write `output` keeps what it has so far."""
    return output.absolute().with_name(f".{output.absolute().name}.partial")


def _check(output: Path, folder: Path, *, resume: bool) -> None:
    if output.is_file() or (output.is_dir() and any(output.iterdir())):
        raise TrainingError(
            f"{output} exists.", remedy="Choose another --output, or remove it first."
        )
    if resume and not folder.is_dir():
        raise TrainingError(
            f"There is no stopped run for {output}.", remedy="Leave --resume away to begin one."
        )
    if not resume and folder.is_dir():
        raise TrainingError(
            f"A run for {output} was stopped before its end.",
            remedy=f"Go on with --resume, or remove {folder} to begin anew.",
        )


def refuse_other_run(folder: Path, run: Mapping[str, Any]) -> None:
    """Note what this run is; stop when the folder is that of another.

    Args:
        folder: of the run.
        run: values JSON can hold; whatever the result depends on.

    Raises:
        OtherRunError: names what differs; the folder stays.
        NoRoomError: the note cannot be written.
    """
    path = folder / "run.json"
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = None
    if before is None:
        try:
            _write(path, json.dumps(run).encode())
        except OSError as error:
            raise unwritable(folder, error) from error
        return
    differing = [name for name in run if before.get(name) != run[name]]
    if differing:
        name = differing[0]
        other = "other" if name.endswith("s") else "another"
        raise OtherRunError(
            f"The run that was stopped had {other} {name}: {before.get(name)}, not {run[name]}.",
            remedy=f"Resume it with what it was begun with, or remove {folder} to begin anew.",
        )


def finish(folder: Path, output: Path, files: dict[str, bytes], *, mode: int = 0o700) -> None:
    """Write the result and let it appear as a whole in place of the work folder.

    Args:
        folder: of the run.
        output: of the result.
        files: content by name.
        mode: permissions of the result; its files get the same without the right to run them.

    Raises: NoRoomError: it cannot be written; the work folder stays.
    """
    result = folder / "result"
    try:
        shutil.rmtree(result, ignore_errors=True)
        result.mkdir(mode=0o700)
        for name, content in files.items():
            _write(result / name, content)
            (result / name).chmod(mode & 0o666)
        result.chmod(mode)
        if output.is_dir():
            output.rmdir()
        result.replace(output)
    except OSError as error:
        raise unwritable(output, error) from error
    shutil.rmtree(folder, ignore_errors=True)


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write arrays to a file that is whole or not there.

    Raises: NoRoomError: it cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]  # names never clash with its own
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path.parent, error) from error


def load_arrays(path: Path) -> Arrays | None:
    """Arrays of a file; None when it is not there or damaged, so that they are made anew."""
    try:
        # Opened here: numpy would leave the file of a damaged archive open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def unwritable(where: Path, error: OSError) -> NoRoomError:
    """The error of a folder that cannot be written."""
    return NoRoomError(
        f"{where} cannot be written: {error.strerror or error}.",
        remedy="Free space or choose another --output; --resume goes on where the run stopped.",
    )


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        with contextlib.suppress(OSError):  # some file systems know no fsync
            os.fsync(file.fileno())
    path.chmod(0o600)
