"""Fetch one file over HTTP into an open one, or say clearly why not.

A transfer that breaks off is taken up where it stopped when the server allows it (RFC 9110,
section 14: Range, If-Range), else begun anew. Nothing is believed of what the server sends: the
size is bounded, a redirect stays on its host and never leaves https, and the caller checks the
digest.
"""

from __future__ import annotations

import http.client
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, BinaryIO, Final
from urllib.parse import urlsplit

from countenance import __version__
from countenance.vision.errors import InstallationError

BLOCK_BYTES: Final = 1 << 16
OTHER_WAYS: Final = (
    "Try again, or give another source: --mirror URL, or --from FILE for a file fetched otherwise."
)
Progress = Callable[[int], None]
"""Is told the bytes that are there so far; less than before when a transfer began anew."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a transfer may take."""

    wait_s: float = 30.0
    """For a connection, and for each next piece of it."""
    total_s: float = 3600.0
    """For the whole file, all tries together."""
    pauses_s: tuple[float, ...] = (0.5, 2.0)
    """Before each further try of a transfer that broke off."""


class _BrokenOffError(Exception):
    """The transfer stopped in a way that another try may mend."""


@dataclass(slots=True)
class _Transfer:
    """One file on its way."""

    url: str
    file: BinaryIO
    limit_bytes: int
    patience: Patience
    progress: Progress
    give_up_at_s: float
    received: int = 0
    etag: str = ""


def download(
    url: str,
    file: BinaryIO,
    *,
    limit_bytes: int,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> None:
    """Write what is at an address into a file.

    Args:
        url: https or http.
        file: open for writing, empty.
        limit_bytes: more is refused.
        patience: None takes the defaults.
        progress: called after each piece.

    Raises:
        InstallationError: no network, a refusal, too slow, too much, cut short; says which.
        OSError: the file cannot be written.
    """
    patience = patience or Patience()
    transfer = _Transfer(
        url=checked(url),
        file=file,
        limit_bytes=limit_bytes,
        patience=patience,
        progress=progress or (lambda _: None),
        give_up_at_s=time.monotonic() + patience.total_s,
    )
    for pause_s in (*patience.pauses_s, None):
        try:
            _attempt(transfer)
        except _BrokenOffError as broken:
            if pause_s is None:
                raise _failed(url, str(broken)) from broken
            time.sleep(pause_s)
        else:
            return


def checked(url: str) -> str:
    """The address, if it is one that can be fetched. Raises: InstallationError."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("https", "http") and bool(parts.hostname)
        is_usable = is_usable and url.isascii() and url.isprintable() and " " not in url
        has_login = parts.username is not None
        _ = parts.port
    except ValueError:
        is_usable = has_login = False
    if not is_usable:
        raise InstallationError(
            f"{url!r} is no web address.", remedy="Give one that begins with https://."
        )
    if has_login:  # it would stand in shell histories and logs
        raise InstallationError(
            "An address with a name and password in it is not used.",
            remedy="Fetch the file otherwise and give it with --from FILE.",
        )
    return url


def _attempt(transfer: _Transfer) -> None:
    """Fetch what is missing. Raises: _BrokenOffError, InstallationError, OSError of the file."""
    with _open(transfer) as response:
        if not _continues(response, transfer):
            transfer.file.seek(0)
            transfer.file.truncate()
            transfer.received = 0
        transfer.etag = _strong(response.headers.get("ETag"))
        announced = response.length
        begun_at = transfer.received
        while block := _piece(response, transfer):
            transfer.received += len(block)
            if transfer.received > transfer.limit_bytes:
                raise _failed(transfer.url, "it sends more than the file can have")
            transfer.file.write(block)
            transfer.progress(transfer.received)
        if announced is not None and transfer.received - begun_at < announced:
            raise _BrokenOffError("the transfer broke off")


def _open(transfer: _Transfer) -> http.client.HTTPResponse:
    headers = {"User-Agent": f"countenance/{__version__}", "Accept-Encoding": "identity"}
    if transfer.received:
        headers["Range"] = f"bytes={transfer.received}-"
    if transfer.received and transfer.etag:
        headers["If-Range"] = transfer.etag
    request = urllib.request.Request(transfer.url, headers=headers)  # noqa: S310 - checked
    opener = urllib.request.build_opener(_StayOnHost)
    try:
        response: http.client.HTTPResponse = opener.open(request, timeout=transfer.patience.wait_s)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(transfer, error) from error
    except urllib.error.URLError as error:
        raise _unreachable(transfer.url, error.reason) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(transfer.url, error) from error
    return response


def _refusal(transfer: _Transfer, error: urllib.error.HTTPError) -> Exception:
    """What the status of an answer means."""
    told = f"it answers {error.code} {error.reason}"
    if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        transfer.received, transfer.etag = 0, ""
        return _BrokenOffError(told)
    if error.code >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return _BrokenOffError(told)
    return _failed(transfer.url, told)


def _unreachable(url: str, reason: object) -> Exception:
    """The error for a connection that did not come about."""
    if isinstance(reason, ssl.SSLCertVerificationError):
        return _failed(url, "its certificate is not trusted")
    if isinstance(reason, ssl.SSLError):
        return _failed(url, "it does not speak https as it should")
    if isinstance(reason, TimeoutError):
        return _BrokenOffError("it does not answer")
    if isinstance(reason, ConnectionError | http.client.HTTPException):
        return _BrokenOffError("the connection is refused or broke off")
    told = getattr(reason, "strerror", None) or reason
    return InstallationError(
        f"{urlsplit(url).hostname} cannot be reached: {told}.",
        remedy="Is there a network? " + OTHER_WAYS,
    )


def _piece(response: http.client.HTTPResponse, transfer: _Transfer) -> bytes:
    """The next bytes as they come in; empty at the end."""
    if time.monotonic() > transfer.give_up_at_s:
        raise _failed(transfer.url, "the transfer takes too long")
    try:
        return response.read1(BLOCK_BYTES)
    except TimeoutError as error:
        raise _BrokenOffError("it stopped sending") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _BrokenOffError("the transfer broke off") from error


def _continues(response: http.client.HTTPResponse, transfer: _Transfer) -> bool:
    """Whether the answer goes on where the file ends."""
    if response.status != http.HTTPStatus.PARTIAL_CONTENT:
        return False
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if found is None or int(found[1]) != transfer.received:
        transfer.received, transfer.etag = 0, ""
        raise _BrokenOffError("it continues at the wrong place")
    return True


def _strong(etag: str | None) -> str:
    """A validator that If-Range may carry; empty for none or a weak one."""
    return etag if etag and not etag.startswith("W/") else ""


class _StayOnHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect on the same host, never from https to http."""

    def redirect_request(  # noqa: PLR0917 - as urllib calls it
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        why = ""
        if new.netloc != old.netloc:
            why = f"it sends elsewhere, to {new.netloc}"
        elif (old.scheme, new.scheme) == ("https", "http"):
            why = "it sends to an address without encryption"
        if why:
            fp.close()
            raise _failed(req.full_url, why)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _failed(url: str, why: str) -> InstallationError:
    return InstallationError(f"{url} cannot be fetched: {why}.", remedy=OTHER_WAYS)
