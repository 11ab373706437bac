"""Origins of web pages, as browsers name them (RFC 6454, section 6.2)."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

MAX_LENGTH: Final = 255
_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_ENDS_IN_A_NUMBER: Final = re.compile(r"(.*\.)?[0-9]+")
"""Browsers take such a host for an address of version 4."""
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def is_capture_origin(text: str) -> bool:
    """Whether browsers open a camera on pages of this origin: https, or http on this computer.

    It has to be written as a browser sends it: lower case, no path, no default port.

    >>> is_capture_origin("https://shop.example"), is_capture_origin("http://localhost:5000")
    (True, True)
    >>> is_capture_origin("https://shop.example/"), is_capture_origin("http://shop.example")
    (False, False)
    """
    if len(text) > MAX_LENGTH or not text.isascii():
        return False
    try:
        parts = urlsplit(text)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        return False
    if scheme not in _DEFAULT_PORTS or port in (0, _DEFAULT_PORTS[scheme]):
        return False
    is_address, is_loopback = _address(host)
    is_name = _NAME.fullmatch(host) and not _ENDS_IN_A_NUMBER.fullmatch(host)
    if not is_address and not is_name:
        return False
    named = f"[{host}]" if ":" in host else host
    written = f"{scheme}://{named}" + (f":{port}" if port is not None else "")
    is_here = is_loopback or host == "localhost" or host.endswith(".localhost")
    return text == written and (scheme == "https" or is_here)


def _address(host: str) -> tuple[bool, bool]:
    """Whether it is an IP address as browsers write it, and whether that of this computer."""
    try:
        address = ip_address(host)
    except ValueError:
        return False, False
    return str(address) == host and "%" not in host, address.is_loopback
