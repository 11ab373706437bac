"""Errors as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from flask import Response, request

MEDIA_TYPE: Final = "application/problem+json"
_ROOT: Final = "/api/"


def is_api_request() -> bool:
    """Whether the address asked for lies under the API, there or not."""
    return request.path.startswith(_ROOT)


def problem(
    status: HTTPStatus,
    code: str,
    detail: str,
    remedy: str,
    *,
    retry_after_s: int = 0,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:
    """One problem.

    Args:
        code: stable; a heading of docs/error-reference.md, or `web.` and the name of the status.
        errors: what does not fit, place by place.
    """
    told: dict[str, object] = {
        "type": f"urn:countenance:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
        "remedy": remedy,
    }
    if retry_after_s:
        told["retry_after_s"] = retry_after_s
    if errors:
        told["errors"] = [dict(error) for error in errors]
    response = Response(json.dumps(told, ensure_ascii=False), status=status, mimetype=MEDIA_TYPE)
    if retry_after_s:
        response.headers["Retry-After"] = str(retry_after_s)
    return response
