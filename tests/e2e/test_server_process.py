"""The harness itself: the real server starts, survives a power cut and says why it cannot start."""

from __future__ import annotations

import socket

import pytest

from tests.e2e.conftest import ServerFactory
from tests.harness.server import Server, ServerDidNotStartError, answers


def test_a_fresh_server_answers_and_offers_the_first_set_up(server: Server) -> None:
    assert answers(server.url)
    assert server.setup_url.startswith(f"{server.url}/setup?code=")


def test_a_server_killed_without_warning_comes_back_on_the_same_home_and_port(
    server: Server,
) -> None:
    url, link = server.url, server.setup_url
    server.kill()
    assert not answers(url)
    server.restart()
    assert server.url == url
    assert answers(link)


def test_a_stopped_server_ends_cleanly_and_frees_its_port(server: Server) -> None:
    assert server.stop() == 0
    with socket.create_server(("127.0.0.1", server.port)):
        assert not answers(f"http://localhost:{server.port}/login")


def test_a_server_that_cannot_start_says_why(start_server: ServerFactory) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ServerDidNotStartError, match=r"(?s)ended with 1.*port"),
    ):
        start_server(port=taken.getsockname()[1])
