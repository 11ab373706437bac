import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from countenance.cli.checks import worth_of
from countenance.cli.main import main
from countenance.cli.run import page
from countenance.cli.server import listen, local_host
from countenance.errors import ConfigurationError
from countenance.settings import ServerSettings


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://localhost:9000"),
        ("::1", "http://localhost:9000"),
        ("localhost", "http://localhost:9000"),
        ("0.0.0.0", "http://localhost:9000"),  # all addresses: a camera opens on this one
        ("192.0.2.7", "http://192.0.2.7:9000"),
        ("2001:db8::7", "http://[2001:db8::7]:9000"),
    ],
)
def test_the_page_is_named_so_that_a_browser_here_may_use_its_camera(host: str, url: str) -> None:
    assert page(ServerSettings(host=host, port=9000)) == url


@pytest.mark.parametrize(("host", "warns"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_listening_to_the_network_warns_that_cameras_need_https(
    host: str, warns: bool, tmp_path: Path
) -> None:
    with socket.socket() as taken:  # a taken port ends the command right after the warning
        taken.bind((host, 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        arguments = ["--home", str(tmp_path / "home"), "run", "--host", host, "--port", port]
        result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert ("HTTPS" in result.stderr) is warns


def test_a_server_on_all_addresses_is_asked_on_this_machine() -> None:
    assert local_host("0.0.0.0") == "127.0.0.1"
    assert local_host("::") == "::1"
    assert local_host("192.0.2.7") == "192.0.2.7"


def test_a_taken_port_is_told_with_another_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port}") as caught:
            listen(ServerSettings(port=port))
    assert "--port" in caught.value.remedy


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_told(host: str) -> None:
    with pytest.raises(ConfigurationError, match="Cannot listen"):
        listen(ServerSettings(host=host, port=0))


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ({}, "no measured figures"),
        ({"eer": 0.05, "n_attack": 366}, "eer 0.050, n_attack 366"),
        ({"frames": {"eer": 0.07}}, "eer 0.070"),
        ({"note": "none"}, "see its card"),
    ],
)
def test_a_card_says_what_its_detector_is_worth(figures: dict[str, object], told: str) -> None:
    assert told in worth_of(figures)
