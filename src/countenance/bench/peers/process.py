"""A peer's worker process, spoken to in JSON lines."""

from __future__ import annotations

import json
import os
import selectors
import subprocess  # nosec B404 # only commands of our own are started
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from countenance.bench.errors import PeerFailedError
from countenance.bench.timing import Timing

ANSWER_LIMIT_S: Final = 300.0
"""A worker that is silent for so long has failed."""
_THREAD_VARIABLES: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_ENDING_LIMIT_S: Final = 5.0


class PeerProcess:
    """One worker; close it, or use it as a context manager."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        name: str,
        environ: Mapping[str, str] | None = None,
        answer_limit_s: float = ANSWER_LIMIT_S,
    ) -> None:
        """Start the worker and wait until it says that it is ready.

        Args:
            command: program and arguments; nothing passes through a shell.
            name: of the peer, for messages.
            environ: variables added to those of this process.
            answer_limit_s: longest silence after a request.

        Raises: PeerFailedError: it does not start.
        """
        self.name = name
        self._limit_s = answer_limit_s
        self._pending = b""
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        try:
            self._process = subprocess.Popen(  # noqa: S603 # nosec B603 # our own words, no shell
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env={**os.environ, **(environ or {})},
            )
        except OSError as error:
            self._complaints.close()
            raise self._failed(f"{command[0]}: {error.strerror}") from error
        try:
            self.versions: dict[str, str] = self._receive()["versions"]
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; may be called again."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe and not pipe.closed:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # it has ended already
        try:
            self._process.wait(_ENDING_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._complaints.close()

    def share(self, name: str, array: NDArray[Any], *, path: Path) -> None:
        """Hand an array over as a file of raw numbers.

        Args:
            name: what requests call it.
            array: written to `path` unless that file is there.
            path: on a disk that both sides see; whoever made the folder removes it.
        """
        if not path.exists():
            np.ascontiguousarray(array).tofile(path)
        shape, kind = list(array.shape), array.dtype.name
        self._ask({"do": "open", "name": name, "path": str(path), "shape": shape, "dtype": kind})

    def time(
        self, task: str, items: Sequence[int | str], *, array: str = "", repeats: int = 1
    ) -> Timing:
        """Let the worker do a task on items, one after the other.

        Args:
            task: one that the worker knows.
            items: rows of `array`, else what the task takes.
            array: name given to `share`; empty for tasks on files.
            repeats: how often each item is worked on; times are of one.

        Raises: PeerFailedError: it stopped, fell silent, or could not do it.
        """
        answer = self._ask(
            {"do": "time", "task": task, "array": array, "items": list(items), "repeats": repeats}
        )
        try:
            rows = [tuple(answer[key]) for key in ("wall_ms", "cpu_ms", "values")]
        except (KeyError, TypeError) as error:
            raise self._failed("its answer has no times") from error
        if any(len(row) != len(items) for row in rows):
            raise self._failed("it did not answer every item")
        return Timing(*rows)

    def _ask(self, request: Mapping[str, object]) -> dict[str, Any]:
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            raise self._failed("it was closed")
        try:
            pipe.write(json.dumps(request).encode() + b"\n")
            pipe.flush()
        except BrokenPipeError as error:
            raise self._failed(self._last_complaint()) from error
        return self._receive()

    def _receive(self) -> dict[str, Any]:
        line = self._line()
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise self._failed("its answer is no JSON") from error
        if not isinstance(answer, dict):
            raise self._failed("its answer is no JSON object")
        if "error" in answer:
            raise self._failed(str(answer["error"]))
        return answer

    def _line(self) -> bytes:
        pipe = self._process.stdout
        if pipe is None:
            raise self._failed("it was closed")
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while b"\n" not in self._pending:
                if not selector.select(self._limit_s):
                    self._process.kill()
                    raise self._failed(f"it was silent for {self._limit_s:.0f} s")
                part = os.read(pipe.fileno(), 1 << 20)
                if not part:
                    raise self._failed(self._last_complaint())
                self._pending += part
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _last_complaint(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it ended without a word"

    def _failed(self, why: str) -> PeerFailedError:
        return PeerFailedError(
            f"The peer {self.name} failed: {why.rstrip('.')}.",
            remedy="Remove the folder bench of the home directory and try again, or leave the "
            "peer out with --peers.",
        )


def thread_limits(threads: int) -> dict[str, str]:
    """Variables that hold the usual libraries to so many threads."""
    return dict.fromkeys(_THREAD_VARIABLES, str(threads))
