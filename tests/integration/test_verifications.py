"""Verifications for another app, over real sockets: what its page, its server and others may do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import websocket

from countenance.events import Tag
from countenance.identity.api_scopes import Scope
from countenance.identity.interfaces import Role, User
from countenance.web.capture.replies import Reply
from countenance.web.context import EXTENSION
from tests.fakes.cameras import Camera, close_all
from tests.fakes.doors import DEVICE, PENDING, SESSION, Door, open_door
from tests.fakes.recognition import face_of, painted
from tests.fakes.relying_apps import ORIGIN, RelyingApp, RelyingPage
from tests.fakes.servers import serving

EILEEN, GRACE, PICTURE_OF_EILEEN = painted(1), painted(2), painted(1, attack=True)
LATE = timedelta(minutes=10)
CORS = "Access-Control-Allow-Origin"


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
def maker(door: Door) -> User:
    return door.user("sally", role=Role.ADMINISTRATOR)


@pytest.fixture
def app(door: Door, maker: User) -> RelyingApp:
    return RelyingApp(door, maker)


@pytest.fixture
def host(door: Door) -> Iterator[str]:
    with serving(door.app) as host:
        yield host


def tried(page: RelyingPage, host: str, frame: bytes = EILEEN) -> dict[str, Any]:
    """The verdict of one capture that shows the same again and again."""
    camera = page.camera(host)
    assert camera.hear()["purpose"] == "verification"
    return camera.show_all(itertools.repeat(frame, 400))


def refused(page: RelyingPage, host: str, ticket: str, **options: str) -> int:
    """The status with which no connection comes about."""
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        page.camera(host, ticket, **options)
    return int(caught.value.status_code)


def counted(door: Door, **labels: str) -> float:
    """How many captures for other apps the metrics tell of."""
    registry = door.app.extensions[EXTENSION].metrics.registry
    return registry.get_sample_value("countenance_verifications_total", labels) or 0.0


def code(answer: Any) -> str:
    return str(answer.json["code"])


def test_the_right_person_is_granted_and_the_app_is_told_who(
    door: Door, app: RelyingApp, host: str
) -> None:
    page = app.begin(reference="order 7")
    before = app.read(page)
    assert (before["state"], before["user"], before["granted_at"]) == ("pending", None, None)
    verdict = tried(page, host)
    assert verdict == {
        "type": "verdict",
        "granted": True,
        "reason": None,
        "next": "",
        "tries_left": 5,
        "wait_s": 0,
        "note": None,
    }
    eileen = door.identity.users.find("eileen")
    assert eileen is not None
    after = app.read(page)
    assert after | {"state": "granted", "user": {"id": eileen.id, "name": "eileen"}} == after
    assert (after["reference"], after["policy"]) == ("order 7", "passive")
    assert after["granted_at"] == "2026-01-01T00:00:00Z"
    (row,) = door.identity.audit.list_events(tags=(Tag.VERIFICATION_GRANTED,))
    assert (row.subject_id, row.address) == (eileen.id, "127.0.0.1")
    assert row.details == {"origin": ORIGIN, "token": app.token_id}
    assert counted(door, verdict="granted", reason="none") == 1
    assert door.identity.sessions.list_sessions(eileen.id) == ()


def test_a_result_is_taken_once(app: RelyingApp, host: str) -> None:
    page = app.begin()
    tried(page, host)
    assert app.read(page)["state"] == app.read(page)["state"] == "granted"
    taken = app.ask("DELETE", f"/verifications/{page.id}")
    assert (taken.status_code, taken.json["state"]) == (200, "granted")  # type: ignore[index]
    for method in ("DELETE", "GET"):
        again = app.ask(method, f"/verifications/{page.id}")
        assert (again.status_code, code(again)) == (404, "api.verification_not_found")


def test_taking_a_pending_one_calls_it_off(app: RelyingApp, host: str) -> None:
    page = app.begin()
    ticket = page.ticket()
    assert app.ask("DELETE", f"/verifications/{page.id}").json["state"] == "pending"  # type: ignore[index]
    assert code(page.ask("ticket")) == "web.no_transaction"
    assert refused(page, host, ticket) == 403


@pytest.mark.parametrize(
    ("frame", "reason"),
    [(GRACE, "not_matched"), (PICTURE_OF_EILEEN, "presentation_attack")],
)
def test_another_person_and_a_picture_are_refused_alike_and_the_owner_is_told_why(
    door: Door, app: RelyingApp, host: str, frame: bytes, reason: str
) -> None:
    page = app.begin()
    verdict = tried(page, host, frame)
    assert (verdict["granted"], verdict["reason"]) == (False, "not_confirmed")
    assert verdict["tries_left"] == 4
    assert app.read(page)["state"] == "pending"
    (row,) = door.identity.audit.list_events(tags=(Tag.VERIFICATION_REFUSED,))
    assert row.details == {"reason": reason, "origin": ORIGIN, "token": app.token_id}
    eileen = door.identity.users.find("eileen")
    assert eileen is not None
    shown = door.visit_as(eileen).get("/account/attempts").text
    assert "Face refused for another app" in shown
    assert counted(door, verdict="refused", reason=reason) == 1
    assert counted(door, verdict="granted", reason="none") == 0


def test_after_the_last_try_it_is_refused_for_good(app: RelyingApp, host: str) -> None:
    page = app.begin()
    verdicts = [tried(page, host, GRACE) for _ in range(5)]
    assert [verdict["tries_left"] for verdict in verdicts] == [4, 3, 2, 1, 0]
    assert app.read(page)["state"] == "refused"
    assert app.read(page)["user"] is None
    assert page.ask("ticket").status_code == 409


def test_strangers_are_slowed_across_verifications_and_the_owners_own_device_is_not(
    door: Door, app: RelyingApp, host: str
) -> None:
    page = app.begin()
    assert [tried(page, host, GRACE)["wait_s"] for _ in range(5)] == [0, 0, 0, 0, 30]
    answer = app.begin().ask("ticket")
    assert (answer.status_code, code(answer)) == (429, "web.paused")
    assert answer.headers["Retry-After"] == "30"
    assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"
    eileen = door.identity.users.find("eileen")
    assert eileen is not None
    known = door.identity.devices.remember(None, eileen.id, label="Firefox")
    home = door.visit()
    home.client.set_cookie(DEVICE, known.token)
    home.password()
    assert home.ask("/login/face/ticket").status_code == 200
    door.clock.advance(30)
    assert tried(app.begin(), host)["granted"] is True


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "https://shop.example:8443", "http://shop.example", "null", ""],
)
def test_another_page_gets_neither_ticket_nor_connection(
    app: RelyingApp, host: str, origin: str
) -> None:
    page = app.begin()
    for what in ("stage", "ticket"):
        answer = page.ask(what, origin=origin)
        assert (answer.status_code, code(answer)) == (403, "web.foreign_origin")
        assert CORS not in answer.headers
    ticket = page.ticket()
    assert refused(page, host, ticket, origin=origin or "https://") == 403
    assert page.camera(host, ticket).hear()["type"] == "ready", "it has used the ticket up"


def test_the_doors_own_page_is_another_page_too(app: RelyingApp, host: str) -> None:
    page = app.begin()
    assert refused(page, host, page.ticket(), origin=f"http://{host}") == 403


def test_the_secret_of_another_verification_opens_nothing(app: RelyingApp) -> None:
    page, other = app.begin(), app.begin()
    for changed in (
        {"secret": other.secret},
        {"secret": ""},
        {"secret": page.secret.swapcase()},
        {"id": other.id},
        {"id": "5f0c5a3e-0000-4000-8000-000000000000"},
    ):
        for what in ("stage", "ticket"):
            answer = page.ask(what, **changed)
            assert (answer.status_code, code(answer)) == (409, "web.no_transaction")
    assert page.ask("ticket").status_code == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"client_secret": 7}', b'"x"', b"\xff"])
def test_a_body_that_is_none_is_refused(app: RelyingApp, body: bytes) -> None:
    page = app.begin()
    answer = page.door.app.test_client().post(
        f"/verifications/{page.id}/ticket",
        data=body,
        headers={"Origin": ORIGIN, "Content-Type": "application/json", "Accept": "*/*;q=0.1"},
    )
    assert answer.status_code in (302, 409)
    assert "ticket" not in answer.text


def test_a_ticket_is_good_once_and_for_its_own_verification_only(
    app: RelyingApp, host: str
) -> None:
    page, other = app.begin(), app.begin()
    ticket = page.ticket()
    page.camera(host, ticket).close()
    for used in (ticket, "", "0" * 43):
        assert refused(page, host, used) == 403
    assert tried(other, host)["granted"] is True
    assert app.read(page)["state"] == "pending"


def test_a_ticket_of_a_login_is_none_here_and_the_other_way_round(
    door: Door, app: RelyingApp, host: str
) -> None:
    page, visit = app.begin(), door.visit()
    visit.password()
    answer = visit.ask("/login/face/ticket").json
    assert answer is not None
    assert refused(page, host, answer["ticket"]) == 403
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        Camera(host, visit, page.ticket())
    assert caught.value.status_code == 403


def test_a_client_secret_in_the_cookie_of_a_login_opens_no_page(
    door: Door, app: RelyingApp, host: str
) -> None:
    page = app.begin()
    tried(page, host)
    thief = door.visit()
    thief.client.set_cookie(PENDING, page.secret)
    for path in ("/login/face", "/login/password", "/login/code", "/login/other", "/enrol"):
        assert thief.get(path).location == "/login"
    assert thief.post("/login/complete").location == "/login"
    assert thief.cookie(SESSION) == ""


def test_tickets_and_verifications_expire(door: Door, app: RelyingApp, host: str) -> None:
    page = app.begin()
    ticket = page.ticket()
    door.clock.advance(door.settings.capture.ticket_lifetime_s + 1)
    assert refused(page, host, ticket) == 403
    ticket = page.ticket()
    door.clock.advance(door.settings.login.pending_limit_s)
    answer = page.ask("ticket")
    assert (answer.status_code, code(answer)) == (409, "web.no_transaction")
    assert answer.headers[CORS] == ORIGIN, "the page cannot read why"
    assert refused(page, host, ticket) == 403
    assert app.read(page)["state"] == "expired"


def test_a_grant_that_comes_too_late_is_none(door: Door, app: RelyingApp, host: str) -> None:
    page = app.begin()
    camera = page.camera(host)
    camera.hear()
    # The capture's own clock stands still meanwhile, as that of a machine that sleeps.
    now = door.clock.now
    door.clock.now = lambda: now() + LATE  # type: ignore[method-assign]
    verdict = camera.show_all(itertools.repeat(EILEEN, 10))
    assert (verdict["granted"], verdict["reason"]) == (False, "technical")
    assert app.read(page)["state"] == "expired"
    assert door.identity.audit.list_events(tags=(Tag.VERIFICATION_GRANTED,)) == ()


def test_only_the_token_that_began_it_reads_it(
    door: Door, app: RelyingApp, maker: User, host: str
) -> None:
    page = app.begin()
    tried(page, host)
    other = RelyingApp(door, maker, name="Other shop")
    for method in ("GET", "DELETE"):
        answer = other.ask(method, f"/verifications/{page.id}")
        assert (answer.status_code, code(answer)) == (404, "api.verification_not_found")
    assert app.read(page)["state"] == "granted"
    door.identity.api_tokens.revoke(app.token_id, actor=None)
    assert app.ask("GET", f"/verifications/{page.id}").status_code == 401


def unverifiable(door: Door) -> dict[str, str]:
    """Names of people who cannot be verified, by why."""
    disabled = door.viewer("disabled", face=3)
    door.identity.users.set_enabled(disabled.id, enabled=False, actor=None)
    door.viewer("faceless", face=None)
    old, stored = door.viewer("old", face=4), face_of(4)
    other = type(stored)(samples=stored.samples, pack="earlier/1")
    door.identity.vault.store(old.id, other, actor=None)
    return {"disabled": "disabled", "no face": "faceless", "pack": "old", "unknown": "nobody"}


def test_who_cannot_be_verified_is_not_told_apart_from_who_is_somebody_else(
    door: Door, app: RelyingApp, host: str
) -> None:
    said: dict[str, list[Reply]] = {}
    for why, name in {"somebody else": "eileen", **unverifiable(door)}.items():
        page = app.begin(name)
        frame = GRACE if why == "somebody else" else EILEEN
        camera = page.camera(host)
        camera.hear()
        camera.show_all(itertools.repeat(frame, 400))
        said[why] = [Reply(reply) for reply in camera.said]
        told = app.read(page)
        assert told.items() >= {"state": "pending", "user": None, "reference": ""}.items()
    assert [why for why, replies in said.items() if replies != said["somebody else"]] == []
    rows = door.identity.audit.list_events(tags=(Tag.VERIFICATION_REFUSED,))
    reasons = [row.details["reason"] for row in rows]
    assert reasons == ["not_enrolled", "other_pack", *["not_enrolled"] * 2, "not_matched"]
    assert [row.subject_id for row in rows].count(None) == 2


def test_nobody_is_slowed_like_anybody(door: Door, app: RelyingApp, host: str) -> None:
    for name in ("nobody", unverifiable(door)["disabled"]):
        page = app.begin(name)
        assert [tried(page, host)["wait_s"] for _ in range(5)] == [0, 0, 0, 0, 30]
        assert code(app.begin(f" {name.upper()} ").ask("ticket")) == "web.paused"


def test_a_token_that_may_read_people_is_told_who_cannot_be_verified(
    door: Door, maker: User
) -> None:
    app = RelyingApp(door, maker, scopes=(Scope.VERIFY, Scope.USERS_READ))
    wanted = {name: {"user": name, "origin": ORIGIN} for name in unverifiable(door).values()}
    answers = {name: app.ask("POST", "/verifications", body) for name, body in wanted.items()}
    assert {name: (a.status_code, code(a)) for name, a in answers.items()} == {
        "disabled": (409, "api.cannot_verify"),
        "faceless": (409, "api.cannot_verify"),
        "old": (409, "api.cannot_verify"),
        "nobody": (404, "identity.user_not_found"),
    }
    assert len({a.json["detail"] for a in answers.values()}) == 4  # type: ignore[index]


def test_a_person_is_named_by_id_too(door: Door, app: RelyingApp, host: str) -> None:
    eileen = door.identity.users.find("eileen")
    assert eileen is not None
    page = app.begin(eileen.id)
    tried(page, host)
    assert app.read(page)["user"] == {"id": eileen.id, "name": "eileen"}


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"origin": "https://shop.example/"}, "body.origin"),
        ({"origin": "http://shop.example"}, "body.origin"),
        ({"origin": "*"}, "body.origin"),
        ({"user": ""}, "body.user"),
        ({"user": "a" * 65}, "body.user"),
        ({"user": 7}, "body.user"),
        ({"user": "a\u0000b"}, "body.user"),
        ({"reference": "a\u0000b"}, "body.reference"),
        ({"colour": "red"}, "body.colour"),
    ],
)
def test_a_wish_that_does_not_fit_is_told_where(
    app: RelyingApp, changed: dict[str, object], place: str
) -> None:
    answer = app.ask("POST", "/verifications", {"user": "eileen", "origin": ORIGIN} | changed)
    assert (answer.status_code, code(answer)) == (422, "api.invalid")
    assert [error["at"] for error in answer.json["errors"]] == [place]  # type: ignore[index]


def test_a_token_without_the_scope_begins_nothing(door: Door, maker: User) -> None:
    app = RelyingApp(door, maker, scopes=tuple(set(Scope) - {Scope.VERIFY}))
    answer = app.ask("POST", "/verifications", {"user": "eileen", "origin": ORIGIN})
    assert (answer.status_code, code(answer)) == (403, "api.scope_missing")


def test_a_preflight_lets_its_own_page_ask_and_no_other(door: Door, app: RelyingApp) -> None:
    page = app.begin()
    answers = {
        origin: door.app.test_client().options(
            f"/verifications/{page.id}/ticket",
            headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
        )
        for origin in (ORIGIN, "https://evil.example")
    }
    own, other = (answers[origin].headers for origin in answers)
    assert (own[CORS], own["Access-Control-Allow-Headers"]) == (ORIGIN, "Content-Type")
    assert own["Access-Control-Allow-Methods"] == "POST"
    assert "Access-Control-Allow-Credentials" not in own
    assert not [name for name, _ in other if name.startswith("Access-Control")]
    assert "Origin" in other["Vary"]


def test_no_cookie_is_set_or_looked_at(door: Door, app: RelyingApp, host: str) -> None:
    page, visit = app.begin(), door.visit()
    visit.password()
    answer = visit.client.post(
        f"/verifications/{page.id}/ticket",
        json={"client_secret": page.secret},
        headers={"Origin": ORIGIN},
    )
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    camera = Camera(host, visit, answer.json["ticket"], origin=ORIGIN, path="/ws/verification")
    assert camera.hear()["purpose"] == "verification"


def test_a_recording_of_an_earlier_verification_is_refused(
    door: Door, app: RelyingApp, host: str
) -> None:
    door.recognition.tells_frames = True
    camera = app.begin().camera(host)
    camera.hear()
    frames = [painted(1, width=64 + 16 * number) for number in range(10)]
    assert camera.show_all(frames)["granted"] is True
    camera = app.begin().camera(host)
    camera.hear()
    assert camera.show_all(frames)["granted"] is False
    (row,) = door.identity.audit.list_events(tags=(Tag.VERIFICATION_REFUSED,))
    assert row.details["reason"] == "replayed"


def test_a_capture_under_another_policy_than_was_promised_is_none(
    door: Door, app: RelyingApp, host: str
) -> None:
    page = app.begin()
    ticket = page.ticket()
    object.__setattr__(door.settings.login, "policy", "standard")
    assert refused(page, host, ticket) == 409
    assert page.ask("stage").status_code == 409


def test_a_visitor_learns_what_the_stage_needs_and_nothing_else(app: RelyingApp) -> None:
    answer = app.begin().ask("stage")
    assert answer.json == {"frames": 10, "begin": None, "offers_moves": False}


def test_only_the_files_of_the_element_may_be_loaded_by_other_sites(door: Door) -> None:
    client = door.app.test_client()
    for path, is_open in [
        ("/static/js/countenance.js", True),
        ("/static/js/stage.js", True),
        ("/static/css/stage.css", True),
        ("/static/js/capture.js", False),
        ("/static/css/base.css", False),
        ("/login", False),
        ("/api/v1/openapi.json", False),
    ]:
        with client.get(path, headers={"Origin": "https://shop.example"}) as answer:
            headers = answer.headers
        assert headers.get(CORS) == ("*" if is_open else None), path
        site = "cross-origin" if is_open else "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == site, path
        assert headers["X-Frame-Options"] == "DENY"
