"""TLS of the web server: an own certificate, or one that this machine makes for itself.

The self-made one lies with its key in one file of the home directory, for its owner only. It is
written whole or not at all, and made anew before it ends or when the machine has other names.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from countenance.cli.certificates import Names, fingerprint, is_due, make_certificate, names_of
from countenance.errors import ConfigurationError
from countenance.settings import ServerSettings, Settings

FILE: Final = Path("tls") / "self-signed.pem"
_NOWHERE: Final = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses for documentation: a datagram socket that points there tells our own and sends
nothing."""


@dataclass(frozen=True, slots=True)
class Tls:
    """What the server shows and proves."""

    certificate: Path
    """PEM; may hold the key too."""
    key: Path | None
    """None: in the file of the certificate."""
    renew: Callable[[], None]
    """Makes the certificate anew where it is due; does nothing for one that others made."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 as browsers show it."""
        return fingerprint(self.certificate.read_bytes())

    def context(self) -> ssl.SSLContext:
        """For new connections. Raises: ConfigurationError: certificate and key are not usable."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise ConfigurationError(
                f"The certificate {self.certificate} cannot be used: "
                f"{getattr(error, 'strerror', None) or error}.",
                remedy="Give COUNTENANCE_TLS_CERT a PEM file with the chain and "
                "COUNTENANCE_TLS_KEY its key without a password, both readable by the server.",
            ) from error
        return context


class Contexts:
    """The context of each new connection: one until the files change, then a new one.

    gunicorn asks for every connection; loading takes longer than a handshake.
    """

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._kept: tuple[tuple[int, ...], ssl.SSLContext] | None = None

    def __call__(self, _config: Any = None, _default: Any = None) -> ssl.SSLContext:
        """As gunicorn's setting `ssl_context`."""
        files = [file for file in (self._tls.certificate, self._tls.key) if file is not None]
        stamp = tuple(file.stat().st_mtime_ns for file in files)
        if self._kept is None or self._kept[0] != stamp:
            try:
                self._kept = (stamp, self._tls.context())
            except ConfigurationError:
                if self._kept is None:
                    raise  # else a half-copied pair: the former one stays until it is whole
        return self._kept[1]


def prepare_tls(settings: Settings) -> Tls | None:
    """What the settings ask for; None for plain HTTP.

    Raises: ConfigurationError: the settings contradict each other, or files are not usable.
    """
    server = settings.server
    if server.tls_cert:
        key = Path(server.tls_key) if server.tls_key else None
        found = Tls(Path(server.tls_cert), key, renew=lambda: None)
    elif server.tls == "self-signed":
        path = settings.home / FILE
        ensure_certificate(path, server)
        found = Tls(path, None, renew=lambda: ensure_certificate(path, server))
    else:
        return None
    found.context()  # what is wrong stops the start, not the first visitor
    return found


def ensure_certificate(path: Path, server: ServerSettings, *, now: datetime | None = None) -> None:
    """Make the certificate of this machine where there is none or it is due.

    Raises: ConfigurationError: it cannot be written.
    """
    names, at = machine_names(server), now or datetime.now(UTC)
    try:
        if path.exists() and not _is_due(path, names, at):
            return
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _write(path, make_certificate(names, now=at))
    except OSError as error:
        raise ConfigurationError(
            f"The certificate {path} cannot be kept: {error.strerror or error}.",
            remedy="Free space or change the permissions of the home directory.",
        ) from error


def machine_names(server: ServerSettings) -> Names:
    """Names and addresses under which this machine may be visited."""
    host = socket.gethostname()
    own = ["localhost", "127.0.0.1", "::1", host, f"{host.partition('.')[0]}.local"]
    given = server.host if server.host not in ("0.0.0.0", "::", "") else ""  # noqa: S104 # nosec B104 # compared with, not bound to
    return names_of([*own, socket.getfqdn(), *_addresses(host), given])


def _addresses(host: str) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for found in socket.getaddrinfo(host, None):
            yield str(found[4][0])
    for there, family in _NOWHERE:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((there, 9))
            yield str(probe.getsockname()[0])


def _is_due(path: Path, names: Names, now: datetime) -> bool:
    try:
        return is_due(path.read_bytes(), names, now=now)
    except ValueError:
        return True  # damaged: nothing is lost by a new one


def _write(path: Path, pem: bytes) -> None:
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _no_password() -> str:
    """A key with a password stops the start: nobody is there to type it."""
    raise ValueError("the key has a password")
