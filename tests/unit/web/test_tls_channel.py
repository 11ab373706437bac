"""Two threads on one TLS connection: each message whole, both ways at once."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from countenance.cli.certificates import make_certificate, names_of
from countenance.web import tls_channel
from countenance.web.tls_channel import SOCKET, TlsChannel, with_tls_channels

BLOCK = bytes(range(256)) * 800  # 200 kB: many records


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[tuple[ssl.SSLSocket, ssl.SSLSocket]]:
    """The server's and the client's end of a connection."""
    pem = tmp_path / "own.pem"
    pem.write_bytes(make_certificate(names_of(["localhost"]), now=datetime.now(UTC)))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pem)
    asking = ssl.create_default_context(cafile=str(pem))
    left, right = socket.socketpair()
    made: list[ssl.SSLSocket] = []
    shaking = threading.Thread(
        target=lambda: made.append(serving.wrap_socket(left, server_side=True))
    )
    shaking.start()
    client = asking.wrap_socket(right, server_hostname="localhost")
    shaking.join()
    yield made[0], client
    client.close()
    made[0].close()


def hear(channel: TlsChannel, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += channel.recv(65_536)
    return found


def test_both_directions_at_once_lose_and_mix_nothing(
    ends: tuple[ssl.SSLSocket, ssl.SSLSocket],
) -> None:
    """Two talkers and a listener at each end: six threads on two connections."""
    channels, size = [TlsChannel(end) for end in ends], 6 * len(BLOCK)
    with ThreadPoolExecutor(6) as pool:
        heard = [pool.submit(hear, channel, size) for channel in channels]
        talking = [pool.submit(channel.send, BLOCK) for channel in channels for _ in range(2)]
        for talk in talking:
            talk.result(30)
        talking = [pool.submit(channel.send, BLOCK * 2) for channel in channels for _ in range(2)]
        assert [found.result(30) for found in heard] == [BLOCK * 6] * 2


def test_two_messages_sent_at_once_do_not_mix(ends: tuple[ssl.SSLSocket, ssl.SSLSocket]) -> None:
    here, there = (TlsChannel(end) for end in ends)
    letters, size = (b"a", b"b", b"c"), 1_000_000  # more than the socket takes at a time
    with ThreadPoolExecutor(4) as pool:
        heard = pool.submit(hear, there, len(letters) * size)
        for sent in [pool.submit(here.send, letter * size) for letter in letters]:
            sent.result(30)
        found = heard.result(30)
    parts = {found[k * size : (k + 1) * size] for k in range(len(letters))}
    assert parts == {letter * size for letter in letters}


def test_a_peer_that_stalls_ends_the_connection_and_not_the_thread(
    ends: tuple[ssl.SSLSocket, ssl.SSLSocket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_channel, "STALL_LIMIT_S", 0.05)
    channel = TlsChannel(ends[0])
    with pytest.raises(OSError, match="peer"):
        channel.send(bytes(20_000_000))  # the client reads nothing
    with pytest.raises(OSError, match="peer"):
        channel.recv(10)


def test_a_closed_connection_is_told_as_such(ends: tuple[ssl.SSLSocket, ssl.SSLSocket]) -> None:
    server, client = ends
    channel = TlsChannel(server)
    client.close()
    assert channel.recv(10) == b""
    channel.close()
    with pytest.raises(OSError, match=r"closed|descriptor|Bad"):
        channel.send(b"x")


def test_only_upgrades_over_tls_get_a_channel(ends: tuple[ssl.SSLSocket, ssl.SSLSocket]) -> None:
    server, _ = ends
    seen: list[object] = []
    call = with_tls_channels(lambda environ, _start: seen.append(environ.get(SOCKET)) or [])
    plain, _other = socket.socketpair()
    call({SOCKET: server}, None)
    call({SOCKET: plain, "HTTP_UPGRADE": "websocket"}, None)
    call({"HTTP_UPGRADE": "websocket"}, None)
    assert seen == [server, plain, None]
    call({SOCKET: server, "HTTP_UPGRADE": "websocket"}, None)
    assert isinstance(seen[-1], TlsChannel)
    plain.close()
    _other.close()
