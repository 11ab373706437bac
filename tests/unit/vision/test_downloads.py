"""Transfers that go wrong, against a real server on this machine."""

from __future__ import annotations

import http.client
import io
import ipaddress
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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


def test_https_is_not_taken_from_a_server_that_does_not_speak_it(mirror: Mirror) -> None:
    address = mirror.url.replace("http:", "https:") + "/model"
    with pytest.raises(InstallationError, match="does not speak https"):
        download(address, io.BytesIO(), limit_bytes=1, patience=QUICK)


def test_a_certificate_of_its_own_making_is_not_trusted(tmp_path: Path) -> None:
    with serve(certificate=self_signed(tmp_path)) as found:
        found.files["model"] = CONTENT
        with pytest.raises(InstallationError, match="certificate is not trusted"):
            download(f"{found.url}/model", io.BytesIO(), limit_bytes=1, patience=QUICK)
        assert found.asked == []


def self_signed(folder: Path) -> Path:
    """Key and certificate of 127.0.0.1 that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    day, address = datetime(2026, 1, 1, tzinfo=UTC), ipaddress.ip_address("127.0.0.1")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day.replace(year=2046))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "self-signed.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_redirect_never_leaves_https() -> None:
    request = urllib.request.Request("https://a.example/model")
    follow = downloads._StayOnHost().redirect_request
    body, headers = io.BytesIO(), http.client.HTTPMessage()
    with pytest.raises(InstallationError, match="without encryption"):
        follow(request, body, 302, "Found", headers, "http://a.example/model")
    assert body.closed


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
