"""The server over TLS with a certificate of its own: a client that verifies it, and a browser."""

from __future__ import annotations

import http.client
import re
import ssl
import stat

import pytest
import websocket
from playwright.sync_api import expect

from tests.e2e.conftest import BrowserFactory, ServerFactory
from tests.e2e.journey import ADMIN, set_up, start_enrolment
from tests.fixtures.clips import ClipShelf
from tests.fixtures.scenes import Kind, Scene


def test_cameras_work_over_tls_with_a_certificate_of_this_machine(
    start_server: ServerFactory, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    server = start_server(env={"COUNTENANCE_TLS": "self-signed"})
    assert server.url.startswith("https://")
    pem = server.home / "tls" / "self-signed.pem"
    assert stat.S_IMODE(pem.stat().st_mode) == 0o600

    # Whoever has the certificate verifies it, names and all; the console printed its fingerprint.
    trusting = ssl.create_default_context(cafile=str(pem))
    connection = http.client.HTTPSConnection("localhost", server.port, context=trusting)
    connection.request("GET", "/login")
    answer = connection.getresponse()
    assert answer.status == 302  # to the setup
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "wss://localhost" in answer.headers["Content-Security-Policy"]
    assert connection.sock is not None
    shown = ssl.DER_cert_to_PEM_cert(connection.sock.getpeercert(binary_form=True) or b"")
    connection.close()
    assert _fingerprint(shown) in server.log()
    with pytest.raises(ssl.SSLCertVerificationError):
        _ask(server.port, ssl.create_default_context())

    # No page of another site, nor of this one in the clear, opens the camera connection.
    for origin in (f"http://localhost:{server.port}", "https://evil.example"):
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            websocket.create_connection(
                f"wss://localhost:{server.port}/ws/capture?ticket=x",
                origin=origin,
                sslopt={"ca_certs": str(pem)},
            )

    visitor = browser_with_camera(
        clips.of_scene(Scene(Kind.LIVE, seconds=3.0)), ignore_https_errors=True
    )
    set_up(visitor, server, ADMIN)
    start_enrolment(visitor.page)
    # The first reply came over wss, and frames are answered: good ones light up.
    expect(visitor.page.locator("#detail")).to_have_text(
        re.compile(r"[1-9]\d* of 10"), timeout=60_000
    )
    names = {cookie["name"] for cookie in visitor.context.cookies()}
    assert names == {"__Host-countenance-pending", "__Host-countenance-form"}
    assert visitor.page_errors == []


def _ask(port: int, context: ssl.SSLContext) -> None:
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=10)
    try:
        connection.request("GET", "/login")
        connection.getresponse()
    finally:
        connection.close()


def _fingerprint(pem: str) -> str:
    from countenance.cli.certificates import fingerprint

    return fingerprint(pem.encode())
