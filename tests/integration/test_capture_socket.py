"""The camera connection against a real server: what a bad client may try, and what stays true."""

from __future__ import annotations

import contextlib
import itertools
import json
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

from countenance.ceremony.policy import PassivePolicy
from countenance.ceremony.protocol import MAX_IMAGE_BYTES, FrameMessage, pack_frame
from countenance.events import Tag
from countenance.identity.interfaces import TransactionState
from countenance.identity.throttles import Attempt
from countenance.identity.throttling import Tried
from countenance.images.image import Image
from countenance.web.context import EXTENSION
from tests.fakes.cameras import Camera, close_all
from tests.fakes.doors import PENDING, Door, Visit, open_door
from tests.fakes.recognition import Seen, face_of, painted, read_paint
from tests.fakes.servers import serving

EILEEN, GRACE, NOBODY = painted(1), painted(2), painted(None)
PICTURE_OF_EILEEN = painted(1, attack=True)


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    door = open_door(tmp_path)
    door.administrator(face=1)
    return door


@pytest.fixture
def host(door: Door) -> Iterator[str]:
    with serving(door.app) as host:
        yield host


@pytest.fixture
def visit(door: Door) -> Visit:
    """A browser whose password was right."""
    visit = door.visit()
    assert visit.password().location == "/login/face"
    return visit


def ticket(visit: Visit) -> str:
    answer = visit.ask("/login/face/ticket")
    assert answer.json is not None
    return str(answer.json["ticket"])


def begin(host: str, visit: Visit) -> Camera:
    camera = Camera(host, visit, ticket(visit))
    assert camera.hear()["type"] == "ready"
    return camera


def refused(
    host: str, visit: Visit, given: str, **options: Any
) -> websocket.WebSocketBadStatusException:
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        Camera(host, visit, given, **options)
    return caught.value


def reasons(door: Door) -> list[str]:
    rows = door.identity.audit.list_events(tags=(Tag.LOGIN_REFUSED,))
    return [row.details["reason"] for row in rows]


def settled(door: Door, visit: Visit) -> Any:
    """The transaction once its capture has ended on the server."""
    for _ in range(200):
        found = door.identity.transactions.find(visit.cookie(PENDING))
        assert found is not None
        if found.tries or found.state is not TransactionState.PENDING:
            return found
        time.sleep(0.02)
    raise AssertionError("the capture was never written down")


def test_ten_good_frames_are_granted_and_completed_to_a_session(
    door: Door, host: str, visit: Visit
) -> None:
    camera = begin(host, visit)
    verdict = camera.show_all(itertools.repeat(EILEEN, 10))
    assert verdict["granted"] is True
    assert verdict["reason"] is None
    answer = visit.post(verdict["next"])
    assert answer.location == "/"
    home = visit.get("/").text
    assert "Logged in with password and face" in home
    assert visit.cookie(PENDING) == ""


def test_the_first_reply_says_what_is_needed(host: str, visit: Visit) -> None:
    camera = Camera(host, visit, ticket(visit))
    assert camera.hear() == {
        "type": "ready",
        "credit": 2,
        "frames_needed": 10,
        "time_limit_s": 20.0,
        "purpose": "login",
    }
    camera.close()


def test_a_frame_is_answered_with_place_hint_progress_and_credit(host: str, visit: Visit) -> None:
    camera = begin(host, visit)
    assert camera.show(EILEEN) == {
        "type": "frame",
        "sequence": 0,
        "box": [0.36, 0.24, 0.64, 0.72],
        "hint": "hold_still",
        "prompt": None,
        "progress": [1, 10],
        "good": True,
        "reach": 0.0,
        "moves": None,
        "colour": None,
        "colours": None,
        "credit": 1,
    }
    assert camera.show(NOBODY)["hint"] == "no_face"
    camera.close()


@pytest.mark.parametrize(
    ("frame", "reason"),
    [(GRACE, "not_matched"), (PICTURE_OF_EILEEN, "presentation_attack")],
)
def test_another_face_and_a_picture_are_refused_alike_and_told_apart_to_the_owner(
    door: Door, host: str, visit: Visit, frame: bytes, reason: str
) -> None:
    camera = begin(host, visit)
    verdict = camera.show_all(itertools.repeat(frame, 400))
    assert verdict == {
        "type": "verdict",
        "granted": False,
        "reason": "not_confirmed",
        "next": "/login",
        "tries_left": 4,
        "wait_s": 0,
        "note": None,
    }
    assert reasons(door) == [reason]
    assert visit.ask("/login/complete").status_code == 409


def test_no_reply_carries_a_score_or_the_exact_reason(host: str, visit: Visit) -> None:
    said = []
    for frame in (GRACE, PICTURE_OF_EILEEN, EILEEN):
        camera = begin(host, visit)
        camera.show_all(itertools.repeat(frame, 400))
        said += camera.said
    keys = set().union(*(reply.keys() for reply in said))
    assert keys == {
        *("type", "credit", "frames_needed", "time_limit_s", "purpose"),
        *("sequence", "box", "hint", "prompt", "progress", "good", "reach", "moves"),
        *("colour", "colours"),
        *("granted", "reason", "next", "tries_left", "wait_s", "note"),
    }
    text = json.dumps(said)
    for word in ("score", "similarity", "attack", "not_matched", "threshold"):
        assert word not in text


def test_a_user_without_a_face_is_refused_as_if_it_did_not_match(
    door: Door, host: str, visit: Visit
) -> None:
    user = door.identity.users.find("eileen")
    assert user is not None
    before = begin(host, visit).show_all(itertools.repeat(GRACE, 400))
    door.identity.vault.erase(user.id, actor=None)
    camera = begin(host, visit)
    after = camera.show_all(itertools.repeat(EILEEN, 400))
    assert [reply["type"] for reply in camera.said].count(
        "frame"
    ) == PassivePolicy().mismatch_frames_limit
    assert after == {**before, "tries_left": 3}
    assert reasons(door) == ["not_enrolled", "not_matched"]


def test_a_face_of_another_pack_is_refused_as_if_it_did_not_match(
    door: Door, host: str, visit: Visit
) -> None:
    """Only the trail says why, so that the person at the door learns nothing of the store."""
    user = door.identity.users.find("eileen")
    assert user is not None
    before = begin(host, visit).show_all(itertools.repeat(GRACE, 400))
    stored = face_of(1)
    other = type(stored)(samples=stored.samples, pack="earlier/1")
    door.identity.vault.store(user.id, other, actor=None)
    after = begin(host, visit).show_all(itertools.repeat(EILEEN, 400))
    assert after == {**before, "tries_left": 3}
    assert reasons(door) == ["other_pack", "not_matched"]


def test_a_ticket_is_good_once(host: str, visit: Visit) -> None:
    given = ticket(visit)
    Camera(host, visit, given).close()
    error = refused(host, visit, given)
    assert error.status_code == 403


def test_an_unknown_ticket_is_refused(host: str, visit: Visit) -> None:
    assert refused(host, visit, "0" * 43).status_code == 403
    assert refused(host, visit, "").status_code == 403


def test_an_expired_ticket_is_refused(door: Door, host: str, visit: Visit) -> None:
    given = ticket(visit)
    door.clock.advance(door.settings.capture.ticket_lifetime_s + 1)
    assert refused(host, visit, given).status_code == 403


def test_a_ticket_is_of_no_use_in_another_browser(door: Door, host: str, visit: Visit) -> None:
    door.viewer("grace", face=2)
    thief = door.visit()
    thief.password("grace")
    assert refused(host, thief, ticket(visit)).status_code == 403
    assert refused(host, door.visit(), ticket(visit)).status_code == 409


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_another_site_gets_no_connection(host: str, visit: Visit, origin: str) -> None:
    given = ticket(visit)
    assert refused(host, visit, given, origin=origin).status_code == 403
    Camera(host, visit, given).close()  # and its attempt has not used the ticket up


def test_an_origin_of_the_settings_is_let_in(tmp_path: Path) -> None:
    door = open_door(tmp_path, server={"origins": ("https://door.example",)})
    door.administrator()
    visit = door.visit()
    visit.password()
    with serving(door.app) as host:
        camera = Camera(host, visit, ticket(visit), origin="https://door.example")
        assert camera.hear()["type"] == "ready"
        camera.close()


def png_bomb() -> bytes:
    """Some hundred bytes that promise 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(60_000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def huge_jpeg() -> bytes:
    """A JPEG whose header promises 60,000 x 60,000 pixels."""
    at = EILEEN.index(b"\xff\xc0") + 5
    return EILEEN[:at] + struct.pack(">HH", 60_000, 60_000) + EILEEN[at + 4 :]


@pytest.mark.parametrize(
    ("name", "message", "code"),
    [
        ("text", "ten good frames, I swear", "not_binary"),
        ("empty", b"", "malformed"),
        ("other magic", b"XXXX" + bytes(20) + EILEEN, "malformed"),
        ("png bomb", pack_frame(FrameMessage(5, 0, png_bomb())), "not_an_image"),
        ("jpeg bomb", pack_frame(FrameMessage(5, 0, huge_jpeg())), "not_an_image"),
        ("half a jpeg", pack_frame(FrameMessage(5, 0, EILEEN[: len(EILEEN) // 2])), "not_an_image"),
        ("number back", pack_frame(FrameMessage(0, 0, EILEEN)), "out_of_order"),
        ("too large", b"CNF1" + bytes(8 + MAX_IMAGE_BYTES + 1), "too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whoever_breaks_the_protocol_is_told_how_and_the_try_counts(
    door: Door, host: str, visit: Visit, name: str, message: bytes | str, code: str
) -> None:
    camera = begin(host, visit)
    camera.show(EILEEN)
    if isinstance(message, str):
        camera.socket.send(message)
    else:
        camera.socket.send_binary(message)
    error = camera.hear()
    assert (error["type"], error["code"]) == ("error", code)
    assert camera.hear()["granted"] is False
    assert settled(door, visit).tries == 1
    assert reasons(door) == ["protocol"]


def test_a_flood_of_frames_beyond_the_credit_is_hung_up_on(
    door: Door, host: str, visit: Visit
) -> None:
    gate = threading.Event()

    def slow(image: Image) -> Seen:
        gate.wait(10)
        return read_paint(image)

    door.recognition.see = slow
    camera = begin(host, visit)
    with contextlib.suppress(OSError, websocket.WebSocketException):
        for _ in range(200):
            camera.send(EILEEN)
        camera.socket.recv()  # ends when the server hangs up
    gate.set()
    assert settled(door, visit).tries == 1
    assert reasons(door) == ["protocol"]


def test_a_message_of_100_mb_is_cut_off_within_its_first_megabyte(
    door: Door, host: str, visit: Visit
) -> None:
    camera = begin(host, visit)
    head = b"\x82\xff" + struct.pack(">Q", 100_000_000) + bytes(4)  # binary, masked with zeros
    with contextlib.suppress(OSError):
        camera.socket.sock.sendall(head + bytes(1_000_000))
    assert settled(door, visit).tries == 1
    assert reasons(door) == ["protocol"]


def test_a_connection_lost_midway_counts_as_a_refused_try(
    door: Door, host: str, visit: Visit
) -> None:
    camera = begin(host, visit)
    for _ in range(5):
        camera.show(EILEEN)
    camera.vanish()
    found = settled(door, visit)
    assert (found.state, found.reason, found.tries) == (TransactionState.PENDING, "interrupted", 1)
    assert reasons(door) == ["interrupted"]
    again = begin(host, visit)
    assert again.show(EILEEN)["progress"] == [1, 10]
    again.close()


def test_a_client_that_says_nothing_is_hung_up_on(door: Door, host: str, visit: Visit) -> None:
    camera = begin(host, visit)
    door.clock.advance(door.settings.capture.silence_limit_s + 1)
    assert camera.hear()["reason"] == "technical"
    assert reasons(door) == ["interrupted"]


def test_the_time_limit_holds_though_nothing_comes(tmp_path: Path) -> None:
    door = open_door(tmp_path, capture={"silence_limit_s": 1000.0})
    door.administrator()
    visit = door.visit()
    visit.password()
    with serving(door.app) as host:
        camera = begin(host, visit)
        camera.show(EILEEN)
        door.clock.advance(door.settings.login.time_limit_s + 1)
        assert camera.hear()["reason"] == "too_slow"
    assert reasons(door) == ["timed_out"]


def test_who_waits_for_the_engine_is_not_refused_as_too_slow(tmp_path: Path) -> None:
    door = open_door(tmp_path, engine={"threads": 0})  # one frame at a time
    door.administrator()
    gate, is_held = threading.Event(), threading.Event()

    def slow(image: Image) -> Seen:
        is_held.set()
        gate.wait(10)
        return read_paint(image)

    first, second = door.visit(), door.visit()
    first.password()
    second.password()
    with serving(door.app) as host:
        holder, waiter = begin(host, first), begin(host, second)
        waiter.show(EILEEN)
        door.recognition.see = slow
        holder.send(EILEEN)
        assert is_held.wait(10)
        waiter.send(EILEEN)
        turns = door.app.extensions[EXTENSION].turns
        while not turns._waiting:
            time.sleep(0.001)
        door.clock.advance(door.settings.login.time_limit_s + 1)
        gate.set()
        assert waiter.hear()["progress"] == [2, 10]
        assert waiter.show_all(itertools.repeat(EILEEN, 8))["granted"] is True
        # The engine itself took that long for the other one, which does count.
        assert [reply["type"] for reply in (holder.hear(), holder.hear())] == ["frame", "verdict"]
        assert holder.said[-1]["reason"] == "too_slow"


def test_an_engine_that_fails_refuses(door: Door, host: str, visit: Visit) -> None:
    def broken(_image: object) -> Any:
        raise RuntimeError("no memory")

    door.recognition.see = broken
    camera = begin(host, visit)
    verdict = camera.show(EILEEN)
    assert verdict["reason"] == "technical"
    assert "memory" not in json.dumps(camera.said)
    assert reasons(door) == ["engine_failed"]


def test_when_all_places_are_taken_the_next_is_asked_to_wait(tmp_path: Path) -> None:
    door = open_door(tmp_path, capture={"max_concurrent": 1})
    door.administrator()
    first, second = door.visit(), door.visit()
    first.password()
    second.password()
    with serving(door.app) as host:
        given = ticket(second)
        camera = begin(host, first)
        error = refused(host, second, given)
        assert error.status_code == 503
        assert error.resp_headers is not None
        assert error.resp_headers["retry-after"] == "5"
        busy = second.ask("/login/face/ticket")
        assert busy.status_code == 503
        assert busy.headers["Retry-After"] == "5"
        camera.show_all(itertools.repeat(EILEEN, 10))
        camera.close()
        for _ in range(100):
            if second.ask("/login/face/ticket").status_code == 200:
                break
            time.sleep(0.05)
        begin(host, second).close()


def test_one_login_runs_one_capture_at_a_time(host: str, visit: Visit) -> None:
    camera = begin(host, visit)
    assert refused(host, visit, ticket(visit)).status_code == 503
    camera.close()


def test_after_five_refusals_the_password_is_asked_again_and_a_pause_is_kept(
    door: Door, host: str, visit: Visit
) -> None:
    for left in (4, 3, 2, 1, 0):
        verdict = begin(host, visit).show_all(itertools.repeat(GRACE, 400))
        assert verdict["tries_left"] == left
        assert verdict["wait_s"] == (0 if left else 30)
    assert visit.ask("/login/face/ticket").status_code == 429
    again = door.visit()
    again.password()
    paused = again.ask("/login/face/ticket")
    assert paused.status_code == 429
    assert paused.headers["Retry-After"] == "30"
    door.clock.advance(30)
    assert visit.ask("/login/face/ticket").status_code == 409
    assert begin(host, again).show_all(itertools.repeat(EILEEN, 10))["granted"] is True


def test_frames_without_a_face_use_up_no_try_of_the_account(
    door: Door, host: str, visit: Visit
) -> None:
    """A dark room shuts nobody out: nothing was compared, nothing could be guessed."""
    for _ in range(5):
        camera = begin(host, visit)
        camera.show(NOBODY)
        door.clock.advance(door.settings.login.time_limit_s + 1)
        verdict = camera.hear()
        assert (verdict["reason"], verdict["wait_s"]) == ("too_slow", 0)
    again = door.visit()
    again.password()
    assert again.ask("/login/face/ticket").status_code == 200


def test_after_too_many_refusals_the_face_is_shut_until_another_way_in_succeeds(
    door: Door, visit: Visit
) -> None:
    eileen = door.identity.users.find("eileen")
    assert eileen is not None
    for _ in range(25):
        attempt = door.identity.throttles.begin(
            Tried.FACE, subject=eileen.id, device=None, address=""
        )
        assert isinstance(attempt, Attempt)
        door.identity.throttles.fail(attempt)
        door.clock.advance(30)
    visit.password()
    shut = visit.ask("/login/face/ticket")
    assert (shut.status_code, shut.json["code"]) == (429, "web.shut")  # type: ignore[index]
    assert "Retry-After" not in shut.headers
    code = door.identity.login_codes.issue(eileen.id, actor=None)
    assert visit.post("/login/code", code=code).location == "/"
    fresh = door.visit()
    fresh.password()
    assert fresh.ask("/login/face/ticket").status_code == 200


def test_a_plain_request_to_the_socket_is_no_server_error(host: str, visit: Visit) -> None:
    assert visit.get("/ws/capture?ticket=x").status_code == 400
