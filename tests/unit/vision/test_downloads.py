"""Transfers that go wrong, against a real server on this machine."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from countenance.vision import downloads
from countenance.vision.downloads import Patience, download
from countenance.vision.errors import InstallationError
from tests.fakes.mirrors import (
    Answer,
    Mirror,
    at_the_wrong_place,
    cut_after,
    cut_chunk,
    endless,
    hang,
    hang_after,
    no_http,
    redirect,
    serve,
    status,
    whole,
    without_ranges,
)

CONTENT = bytes(range(256)) * 1024
QUICK = Patience(wait_s=5, pauses_s=(0, 0))
IMPATIENT = Patience(wait_s=0.2, pauses_s=(0,))


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serve() as found:
        found.files["model"] = CONTENT
        yield found


def fetched(mirror: Mirror, *, patience: Patience = QUICK, limit: int = len(CONTENT)) -> bytes:
    file = io.BytesIO()
    download(f"{mirror.url}/model", file, limit_bytes=limit, patience=patience)
    return file.getvalue()


def test_a_file_arrives_and_its_growth_is_told(mirror: Mirror) -> None:
    told: list[int] = []
    file = io.BytesIO()
    download(f"{mirror.url}/model", file, limit_bytes=len(CONTENT), progress=told.append)
    assert file.getvalue() == CONTENT
    assert told == sorted(told)
    assert told[-1] == len(CONTENT)


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(mirror: Mirror) -> None:
    mirror.answers = [cut_after(100_000), cut_after(50_000), whole]
    assert fetched(mirror) == CONTENT
    parts = [asked.get("range") for asked in mirror.asked]
    assert parts == [None, "bytes=100000-", "bytes=150000-"]
    assert [asked.get("if-range") for asked in mirror.asked] == [None, '"v1"', '"v1"']


@pytest.mark.parametrize(
    "later",
    [
        [without_ranges],
        [status(416), whole],  # the server cannot give that part
        [at_the_wrong_place, whole],
    ],
)
def test_a_server_that_cannot_continue_begins_anew(mirror: Mirror, later: list[Answer]) -> None:
    mirror.answers = [cut_after(100_000), *later]
    assert fetched(mirror) == CONTENT


def test_a_passing_failure_of_the_server_is_survived(mirror: Mirror) -> None:
    mirror.answers = [status(503), cut_chunk, whole]
    assert fetched(mirror) == CONTENT


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (cut_after(1000), "broke off"),
        (cut_chunk, "broke off"),
        (status(500), "500"),
        (status(404), "404"),
        (status(401), "401"),
        (no_http, "broke off"),
        (endless, "more than the file can have"),
        (redirect("http://elsewhere.example/model"), "elsewhere.example"),
        (redirect("http://127.0.0.1:9/model"), "sends elsewhere"),  # another port is another host
        (redirect("file:///etc/passwd"), "302"),
        (redirect("/model"), "302"),  # for ever
    ],
)
def test_what_cannot_be_mended_is_told_with_the_address_and_a_remedy(
    mirror: Mirror, answer: Answer, told: str
) -> None:
    mirror.answers = [answer]
    with pytest.raises(InstallationError) as caught:
        fetched(mirror)
    assert told in caught.value.message
    assert mirror.url in caught.value.message
    assert "--from FILE" in caught.value.remedy


def test_a_refusal_is_not_asked_again(mirror: Mirror) -> None:
    mirror.answers = [status(404)]
    with pytest.raises(InstallationError):
        fetched(mirror)
    assert len(mirror.asked) == 1


def test_a_redirect_on_the_same_host_is_followed(mirror: Mirror) -> None:
    mirror.answers = [redirect("/model"), whole]
    assert fetched(mirror) == CONTENT


@pytest.mark.parametrize(("answer", "told"), [(hang, "answer"), (hang_after(10), "stopped")])
def test_a_server_that_falls_silent_is_given_up(mirror: Mirror, answer: Answer, told: str) -> None:
    mirror.answers = [answer]
    with pytest.raises(InstallationError, match=told):
        fetched(mirror, patience=IMPATIENT)
    assert len(mirror.asked) == 2


def test_a_transfer_that_never_ends_is_given_up(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = iter(range(1000))
    monkeypatch.setattr(downloads.time, "monotonic", lambda: 3600.0 * next(hours))
    with pytest.raises(InstallationError, match="too long"):
        fetched(mirror)


def test_nobody_who_listens_is_told(mirror: Mirror) -> None:
    with pytest.raises(InstallationError, match="refused"):
        download("http://127.0.0.1:9/model", io.BytesIO(), limit_bytes=1, patience=QUICK)


def test_a_name_that_nobody_knows_is_told() -> None:
    with pytest.raises(InstallationError, match=r"no-such-host\.invalid cannot be reached"):
        download("https://no-such-host.invalid/x", io.BytesIO(), limit_bytes=1, patience=QUICK)


def test_a_certificate_is_needed_for_https(mirror: Mirror) -> None:
    """A server that speaks plain HTTP where https is asked for is not believed."""
    address = mirror.url.replace("http:", "https:") + "/model"
    with pytest.raises(InstallationError, match="cannot be fetched"):
        download(address, io.BytesIO(), limit_bytes=1, patience=QUICK)


@pytest.mark.parametrize(
    "address",
    ["", "model", "ftp://a.example/x", "file:///etc/passwd", "https://", "http://[::1", "//a/b",
     "https://a.example:port/x", "https://a.example/a b", "https://a.example/\nHost: b"],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(address: str) -> None:
    with pytest.raises(InstallationError, match="no web address"):
        download(address, io.BytesIO(), limit_bytes=1)


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(InstallationError) as caught:
        download("https://me:secret@a.example/x", io.BytesIO(), limit_bytes=1)
    assert "secret" not in str(caught.value)


def test_a_disk_that_fills_up_is_no_broken_transfer(mirror: Mirror) -> None:
    class FullDisk(io.BytesIO):
        def write(self, _data: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        download(f"{mirror.url}/model", FullDisk(), limit_bytes=len(CONTENT), patience=QUICK)
    assert len(mirror.asked) == 1
