"""`countenance run`: from an empty directory to a page that answers."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from countenance.cli.context import Session, pass_session
from countenance.cli.second_opinion import ADVICE, second_opinion

if TYPE_CHECKING:
    from countenance.bootstrap import Container
    from countenance.cli.server import Server
    from countenance.cli.tls import Tls
    from countenance.settings import ServerSettings, Settings


@click.command()
@click.option("--host", help="Address to listen on; default COUNTENANCE_HOST or 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Default COUNTENANCE_PORT or 8000.")
@click.option(
    "--tls",
    type=click.Choice(["off", "self-signed"]),
    help="self-signed makes a certificate for this machine; default COUNTENANCE_TLS or off.",
)
@click.option("--tls-cert", help="Path of an own certificate with its chain, PEM.")
@click.option("--tls-key", help="Path of its key, PEM, unless it lies in the same file.")
@click.option("--open/--no-open", "opens", default=False, help="Open the page in a browser.")
@pass_session
def run(
    session: Session,
    host: str | None,
    port: int | None,
    tls: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    opens: bool,
) -> None:
    """Start the web server; stop it with Ctrl-C.

    The first start makes the home directory, keys and database and prepares the models; the
    setup link that it prints makes the first administrator.

    \b
    Examples:
      countenance run
      countenance run --port 9000 --open
      countenance run --host 0.0.0.0 --tls self-signed
      countenance --home /var/lib/countenance run
    """
    from countenance.bootstrap import prepare_home
    from countenance.cli.logs import configure_server_logs

    given = {"host": host, "port": port, "tls": tls, "tls_cert": tls_cert, "tls_key": tls_key}
    settings = _with_options(session.settings, given)
    prepare_home(settings.home)
    configure_server_logs()
    _warn_of_network(session, settings.server)
    from countenance.cli.memory import share_arenas
    from countenance.cli.server import Server, check_threads, listen

    check_threads(settings)
    from countenance.cli.tls import prepare_tls

    secured = prepare_tls(settings)
    bound = listen(settings.server)
    if not (settings.home / "models").exists():
        session.note("First start: preparing keys, database and models ...")
        from countenance.vision.pad_fusion import SecondOpinionState

        if second_opinion(session) is SecondOpinionState.MISSING:
            session.note(f"{ADVICE}.")
    share_arenas()
    server = Server(
        settings,
        bound=bound,
        tls=secured,
        on_ready=lambda parts: _ready(settings, parts, tls=secured, opens=opens),
    )
    _serve(server, bound)


def _with_options(settings: Settings, given: Mapping[str, Any]) -> Settings:
    """The settings with the options of the command line that were given."""
    changed = {name: value for name, value in given.items() if value is not None}
    return replace(settings, server=replace(settings.server, **changed))


def _serve(server: Server, bound: socket.socket) -> None:
    from countenance.cli.server import WORKER_BOOT_FAILED

    master = os.getpid()
    try:
        server.run()
    except SystemExit as stop:
        if os.getpid() != master:
            raise  # a worker's own end; its status tells the master why
        bound.detach()  # gunicorn has closed it
        sys.exit(1 if stop.code == WORKER_BOOT_FAILED else stop.code)


def page(server: ServerSettings) -> str:
    """Where a browser on this machine finds the server; localhost may use the camera."""
    scheme = "https" if server.is_secure else "http"
    if server.host in ("0.0.0.0", "::", "") or is_loopback(server.host):  # noqa: S104 # nosec B104 # compared with, not bound to
        return f"{scheme}://localhost:{server.port}"
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{scheme}://{host}:{server.port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _warn_of_network(session: Session, server: ServerSettings) -> None:
    if is_loopback(server.host) or server.is_secure:
        return
    session.note(
        f"Listening on {server.host}: browsers on other machines open a camera over HTTPS only. "
        "Give --tls self-signed, or put a reverse proxy with a certificate before this server and "
        "set COUNTENANCE_ORIGINS and COUNTENANCE_TRUSTED_PROXIES."
    )


def _ready(settings: Settings, parts: Container, *, tls: Tls | None, opens: bool) -> None:
    url = page(settings.server)
    click.echo(f"Countenance is ready: {url}")
    if tls is not None:
        click.echo(f"SHA-256 fingerprint of the certificate: {tls.fingerprint}")
    code = _setup_code(settings.home, parts)
    if code is not None:
        url = f"{url}/setup?code={code}"
        click.echo(f"Set up the first administrator: {url}")
    click.echo("Stop with Ctrl-C.", err=True)
    sys.stdout.flush()
    if opens:
        import webbrowser

        webbrowser.open(url)


def _setup_code(home: Path, parts: Container) -> str | None:
    """The code of the setup link while there is no administrator yet, else None."""
    from countenance.web.setup_code import ensure_setup_code

    if parts.identity.users.is_set_up():
        return None
    return ensure_setup_code(home)
