"""The conversation with a worker, with a peer made of a few lines."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from countenance.bench.errors import PeerFailedError
from countenance.bench.peers import start
from countenance.bench.peers.process import PeerProcess, thread_limits

WORKERS = Path(start.__file__).parent
SOUND = """
import os, sys
import numpy as np
from workers.serving import Peer, Task, serve

def open_peer(options):
    print("a library says hello")  # must not be taken for an answer
    tasks = {
        "sum": Task(lambda array: float(array.sum())),
        "none": Task(lambda array: None),
        "doubled": Task(lambda array: float(array.sum()), lambda array: 2 * array),
        "length": Task(lambda text: float(len(text))),
        "threads": Task(lambda _: float(os.environ["OMP_NUM_THREADS"])),
        "break": Task(lambda _: 1 / 0),
        "vanish": Task(lambda _: sys.exit("out of memory, say")),
    }
    return Peer({"fake": str(options["version"])}, tasks)

sys.exit(serve(open_peer))
"""
Start = Callable[..., PeerProcess]


@pytest.fixture
def start_peer(tmp_path: Path) -> Iterator[Start]:
    running: list[PeerProcess] = []

    def launch(code: str = SOUND, *, limit_s: float = 60.0) -> PeerProcess:
        script = tmp_path / "peer.py"
        script.write_text(code)
        peer = PeerProcess(
            [sys.executable, str(script), json.dumps({"version": 7})],
            name="fake",
            environ={"PYTHONPATH": str(WORKERS), **thread_limits(3)},
            answer_limit_s=limit_s,
        )
        running.append(peer)
        return peer

    yield launch
    for peer in running:
        peer.close()


def test_a_worker_tells_its_versions_and_works_on_shared_rows(
    start_peer: Start, tmp_path: Path
) -> None:
    peer = start_peer()
    assert peer.versions == {"fake": "7"}
    rows = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)
    peer.share("rows", rows, path=tmp_path / "rows.raw")
    timing = peer.time("sum", [3, 0], array="rows", repeats=2)
    assert timing.values == (rows[3].sum(), rows[0].sum())
    assert len(timing.wall_ms) == len(timing.cpu_ms) == 2
    assert all(value > 0 for value in timing.wall_ms)
    assert peer.time("doubled", [1], array="rows").values == (2 * rows[1].sum(),)


def test_the_shared_file_holds_raw_numbers_and_is_written_once(
    start_peer: Start, tmp_path: Path
) -> None:
    rows = np.array([[0.5, -2.0]], np.float32)
    path = tmp_path / "rows.raw"
    peer = start_peer()
    peer.share("rows", rows, path=path)
    assert path.read_bytes() == rows.tobytes()
    before = path.stat().st_mtime_ns
    peer.share("again", rows, path=path)
    assert path.stat().st_mtime_ns == before
    assert peer.time("sum", [0], array="again").values == (-1.5,)


def test_items_may_be_words_and_a_missing_face_is_none(start_peer: Start) -> None:
    peer = start_peer()
    assert peer.time("length", ["four", "sixsix"]).values == (4.0, 6.0)
    assert peer.time("none", ["x"]).values == (None,)


def test_the_usual_libraries_are_held_to_the_agreed_threads(start_peer: Start) -> None:
    assert start_peer().time("threads", ["x"]).values == (3.0,)


def test_a_failing_task_is_told_and_the_worker_lives_on(start_peer: Start) -> None:
    peer = start_peer()
    with pytest.raises(PeerFailedError, match="ZeroDivisionError"):
        peer.time("break", ["x"])
    assert peer.time("length", ["abc"]).values == (3.0,)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import no_such_package", "no_such_package"),
        ("raise SystemExit(3)", "without a word"),
        ("print('hello')", "no JSON"),
        ("print('[1]')", "no JSON object"),
        ("import time; time.sleep(60)", "silent"),
        (SOUND.replace('options["version"]', 'options["other"]'), "KeyError"),
    ],
)
def test_a_worker_that_does_not_start_says_why(start_peer: Start, code: str, why: str) -> None:
    with pytest.raises(PeerFailedError, match=why) as caught:
        start_peer(code, limit_s=1.0 if "sleep" in code else 60.0)
    assert caught.value.code == "bench.peer_failed"
    assert "--peers" in caught.value.remedy


def test_a_worker_that_ends_on_the_way_is_an_error_with_its_last_words(start_peer: Start) -> None:
    peer = start_peer()
    with pytest.raises(PeerFailedError, match="out of memory, say"):
        peer.time("vanish", ["x"])
    with pytest.raises(PeerFailedError):
        peer.time("length", ["x"])


def test_times_that_do_not_fit_the_items_are_refused(start_peer: Start) -> None:
    code = "import sys; print('{\"versions\": {}}', flush=True); sys.stdin.readline(); "
    few = '{"wall_ms": [1], "cpu_ms": [1], "values": [1]}'
    with pytest.raises(PeerFailedError, match="every item"):
        start_peer(f"{code}print('{few}')").time("sum", [0, 1])
    with pytest.raises(PeerFailedError, match="no times"):
        start_peer(f"{code}print('{{}}')").time("sum", [0])


def test_no_program_is_a_failed_peer(tmp_path: Path) -> None:
    with pytest.raises(PeerFailedError, match="No such file"):
        PeerProcess([str(tmp_path / "nothing")], name="fake")
