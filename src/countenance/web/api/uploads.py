"""Photographs on their way in: within limits, and in memory only."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Final

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from countenance.images.codec import FILE_LIMITS, DecodeLimits
from countenance.web.api.bodies import check_media_type
from countenance.web.api.errors import InvalidRequestError
from countenance.web.api.models import Asked

MAX_PHOTOGRAPH_BYTES: Final = 8_000_000
MAX_PHOTOGRAPHS: Final = 10
MAX_UPLOAD_BYTES: Final = 32_000_000
MAX_BUFFER_BYTES: Final = 500_000
"""Of the parser between two parts, and of all that is no file; as Werkzeug's own."""
LIMITS: Final = DecodeLimits(MAX_PHOTOGRAPH_BYTES, FILE_LIMITS.max_side_px, FILE_LIMITS.formats)
_IMAGES: Final = ("image/jpeg", "image/png", "image/webp", "image/bmp")
_BINARY: Final = {"type": "string", "format": "binary"}


@dataclass(frozen=True, slots=True)
class PhotographBody:
    """One photograph as the whole body."""

    models: tuple[type[Asked], ...] = ()

    def content(self) -> Mapping[str, object]:
        return {kind: {"schema": _BINARY} for kind in _IMAGES}

    def read(self) -> bytes:
        check_media_type(*_IMAGES)
        request.max_content_length = MAX_PHOTOGRAPH_BYTES
        return request.get_data(cache=False)


@dataclass(frozen=True, slots=True)
class Photographs:
    """What came with an enrolment."""

    files: tuple[bytes, ...]
    """1..`MAX_PHOTOGRAPHS`, in the order in which they came."""


@dataclass(frozen=True, slots=True)
class PhotographsForm:
    """Files of the name `photographs` in a form, beside `agreed`, which has to be `yes`."""

    models: tuple[type[Asked], ...] = ()

    def content(self) -> Mapping[str, object]:
        photographs = {
            "type": "array",
            "items": _BINARY,
            "minItems": 1,
            "maxItems": MAX_PHOTOGRAPHS,
            "description": f"JPEG, PNG, WebP or BMP of at most {MAX_PHOTOGRAPH_BYTES} bytes each, "
            f"{MAX_UPLOAD_BYTES} together.",
        }
        agreed = {
            "type": "string",
            "enum": ["yes"],
            "description": "That the person agreed to the words that this installation shows "
            "before an enrolment; written down as their consent.",
        }
        schema = {
            "type": "object",
            "properties": {"photographs": photographs, "agreed": agreed},
            "required": ["photographs", "agreed"],
            "additionalProperties": False,
        }
        return {"multipart/form-data": {"schema": schema}}

    def read(self) -> Photographs:
        check_media_type("multipart/form-data")
        fields, files = _parsed()
        odd = {*fields, *files} - {"agreed", "photographs"}
        if odd or "agreed" in files or "photographs" in fields:
            name = min(odd) if odd else "photographs" if "photographs" in fields else "agreed"
            raise _unfit(name[:40], "unknown, or not of the right kind")
        if fields.getlist("agreed") != ["yes"]:
            raise _unfit("agreed", "has to be yes, once: nobody is enrolled who did not agree")
        found = tuple(file.read() for file in files.getlist("photographs"))
        if not 1 <= len(found) <= MAX_PHOTOGRAPHS:
            raise _unfit("photographs", f"give 1 to {MAX_PHOTOGRAPHS} files")
        return Photographs(found)


def _parsed() -> tuple[MultiDict[str, str], MultiDict[str, IO[bytes]]]:
    """Fields and files; faces touch no disk, where Flask's own parser would put large ones."""
    request.max_content_length = MAX_UPLOAD_BYTES
    parser = FormDataParser(
        stream_factory=_in_memory,
        max_form_memory_size=MAX_BUFFER_BYTES,
        max_content_length=MAX_UPLOAD_BYTES,
        max_form_parts=MAX_PHOTOGRAPHS + 10,
        silent=False,
    )
    try:
        _, fields, files = parser.parse(
            request.stream, request.mimetype, request.content_length, request.mimetype_params
        )
    except RequestEntityTooLarge:
        if (request.content_length or MAX_UPLOAD_BYTES + 1) > MAX_UPLOAD_BYTES:
            raise
        raise _unfit("form", "has too many parts, or a field that is too long") from None
    except ValueError:
        raise _unfit("form", "is no multipart form, or cut off") from None
    return fields, files  # type: ignore[return-value]  # a FileStorage reads like a file


def _in_memory(*_given: object, **_named: object) -> IO[bytes]:
    return io.BytesIO()


def _unfit(where: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError(
        "The body does not fit.",
        remedy="See errors, and the schema at /api/v1/openapi.json.",
        errors=({"at": f"body.{where}", "problem": problem},),
    )
