"""What whoever watches the server sees, and what the logs never hold."""

from __future__ import annotations

import io
import itertools
import logging
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from countenance.cli import logs
from countenance.events import Tag
from countenance.identity.errors import StorageError
from countenance.web import metrics
from countenance.web.capture.login import LoginCourse
from tests.fakes.cameras import Camera, close_all
from tests.fakes.doors import PASSWORD, PENDING, SESSION, Door, open_door
from tests.fakes.recognition import embedding_of, painted
from tests.fakes.servers import serving


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


def samples(door: Door, **options: object) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every value of `/metrics`, by name and label values, in the order of the labels' names."""
    answer = door.visit().get("/metrics", **options)
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_alive_is_told_whatever_else_is_broken(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.identity.users, "is_set_up", lambda: 1 / 0)
    assert door.visit().get("/healthz").json == {"status": "ok"}


def test_ready_names_each_part(door: Door) -> None:
    answer = door.visit().get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "ready": True,
        "parts": {"database": "ok", "keys": "ok", "engine": "ok", "disk": "ok"},
    }


def test_a_database_that_is_away_is_not_ready_and_tells_no_secret(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> bool:
        raise StorageError("postgresql://ada:secret-word@db cannot be reached")

    monkeypatch.setattr(door.identity.users, "is_set_up", away)
    answer = door.visit().get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["parts"]["database"] == "identity.storage"
    assert "secret-word" not in answer.text


def test_a_full_disk_is_not_ready(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    full = SimpleNamespace(free=10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    answer = door.visit().get("/readyz")
    assert (answer.status_code, answer.json["parts"]["disk"]) == (503, "less than 200 MB free")  # type: ignore[index]


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 403),
        ("192.0.2.7", {"Authorization": "Bearer of news"}, 403),
        ("192.0.2.7", {"Authorization": "Bearer a long token"}, 200),
        # A proxy on this machine asks for somebody else.
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 403),
    ],
)
def test_metrics_are_for_this_machine_or_the_token(
    tmp_path: Path, address: str, headers: dict[str, str], status: int
) -> None:
    from dataclasses import replace

    door = open_door(tmp_path)
    door.container.settings = replace(door.container.settings, metrics_token="a long token")
    visit = door.visit(environ_base={"REMOTE_ADDR": address})
    assert visit.get("/metrics", headers=headers).status_code == status


def test_without_a_token_none_is_the_right_one(door: Door) -> None:
    visit = door.visit(environ_base={"REMOTE_ADDR": "192.0.2.7"})
    for given in ("Bearer ", "Bearer None", ""):
        assert visit.get("/metrics", headers={"Authorization": given}).status_code == 403


def test_logins_are_counted_by_verdict_and_reason(door: Door) -> None:
    eileen = door.administrator()
    for _ in range(6):
        door.visit().password("eileen", "wrong one")
    door.identity.audit.append(Tag.LOGIN_REFUSED, details={"reason": "frozen"})
    door.identity.audit.append(Tag.LOGIN_REFUSED, details={"reason": "made up by a stranger"})
    door.identity.sessions.begin(eileen.id, methods=("pwd",), address="")
    found = samples(door)
    assert found["countenance_logins_total", ("password", "refused")] == 5
    assert found["countenance_logins_total", ("frozen", "refused")] == 1
    assert found["countenance_logins_total", ("other", "refused")] == 1
    assert found["countenance_throttled_total", ("password", "paused")] == 1
    assert found["countenance_sessions", ()] == 1
    assert found["countenance_captures_limit", ()] == door.settings.capture.max_concurrent


def test_requests_are_counted_by_route_never_by_address(door: Door) -> None:
    door.administrator()
    visit = door.visit()
    for number in range(30):
        visit.get(f"/nowhere/{number}")
        visit.get(f"/people/{number}")
    visit.client.open("/login", method="BREW")
    found = samples(door)
    assert found["countenance_http_requests_total", ("GET", "none", "404")] == 30
    assert found["countenance_http_requests_total", ("GET", "/people/<user_id>", "302")] == 30
    assert found["countenance_http_requests_total", ("other", "none", "405")] == 1
    assert len(found) < 200


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that a server would log, at level DEBUG."""
    stream, handlers, level = io.StringIO(), logging.root.handlers, logging.root.level
    logs.configure_server_logs()
    handler = logging.root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    logging.root.setLevel(logging.DEBUG)
    yield stream
    logging.root.handlers, logging.root.level = handlers, level


def test_a_login_leaves_no_biometrics_and_no_secret_in_the_logs(
    door: Door, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is granted, one that is refused, and one in which the engine breaks."""
    door.administrator()
    visit, secrets = door.visit(), [PASSWORD]
    with serving(door.app) as host:
        visit.password()
        secrets.append(visit.cookie(PENDING))
        for frame in (painted(2), painted(1)):
            ticket = visit.ask("/login/face/ticket").json["ticket"]  # type: ignore[index]
            secrets.append(ticket)
            verdict = Camera(host, visit, ticket)
            verdict.hear()
            last = verdict.show_all(itertools.repeat(frame, 400))
        assert last["granted"] is True
        visit.post("/login/complete")
        secrets.append(visit.cookie(SESSION))
        other = door.visit()
        other.password()
        monkeypatch.setattr(LoginCourse, "take", lambda *_a, **_k: 1 / 0)
        ticket = other.ask("/login/face/ticket").json["ticket"]  # type: ignore[index]
        broken = Camera(host, other, ticket)
        broken.hear()
        broken.show(painted(1))
        close_all()
    text = written.getvalue()
    assert "the engine failed on a frame" in text
    assert '"route": "/login/complete"' in text
    for secret in secrets:
        assert secret
        assert secret not in text
    for trace in ("\\xff\\xd8\\xff", "\xff\xd8\xff", "/9j/", "JFIF", "CNF1", "array("):
        assert trace not in text
    value = str(float(embedding_of(1).values.max()))
    assert not re.search(rf"\b{re.escape(value)}, 0\.0\b", text)


def test_fields_that_are_not_on_the_list_are_left_out(written: io.StringIO) -> None:
    import structlog

    structlog.get_logger("x").warning("event", embedding=[0.25, 0.5], password="p4ss", status=7)
    text = written.getvalue()
    assert '"status": 7' in text
    assert "fields left out" in text
    assert "0.25" not in text
    assert "p4ss" not in text


def test_an_answer_carries_the_id_of_what_was_logged(door: Door, written: io.StringIO) -> None:
    answer = door.visit().get("/healthz", headers={"X-Request-ID": "chosen-by-a-stranger"})
    identity = answer.headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{16}", identity)
    assert f'"request_id": "{identity}"' in written.getvalue()
    believed = open_door(door.home / "2", server={"trusted_proxies": 1})
    given = believed.visit().get("/healthz", headers={"X-Request-ID": "chosen-by-the-proxy"})
    assert given.headers["X-Request-ID"] == "chosen-by-the-proxy"


@pytest.mark.parametrize("chosen", ["keyvalue", "json"])
def test_the_format_of_logs_is_a_setting(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.setenv("COUNTENANCE_LOG_FORMAT", chosen)
    logs.configure_server_logs()
    handler = logging.root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    logging.getLogger("x").warning("hello")
    begins = {"keyvalue": "timestamp=", "json": "{"}[chosen]
    assert written.getvalue().startswith(begins)


def test_every_verdict_and_tag_has_a_label_from_the_code() -> None:
    """A tag that is new is counted under its own name, anything else as `other`."""
    counted = metrics.Metrics()
    for tag in (*Tag, "x' OR 1=1"):
        counted.on_row(tag, {"reason": "anything"})
    text = counted.text().decode()
    assert "OR 1=1" not in text
    assert "anything" not in text
