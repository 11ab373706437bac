"""How the body of a request is read: JSON by a model. Each kind also says how it is documented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from flask import request
from pydantic import ValidationError

from countenance.web.api.errors import InvalidRequestError, MediaTypeError
from countenance.web.api.models import Asked

MAX_JSON_BYTES: Final = 65_536
REFERENCE: Final = "#/components/schemas/"


class Body(Protocol):
    """One kind of body."""

    @property
    def models(self) -> tuple[type[Asked], ...]:
        """Models that its documentation refers to."""

    def content(self) -> Mapping[str, object]:
        """The OpenAPI `content`: media type to schema."""

    def read(self) -> Any:
        """The body of the present request.

        Raises: MediaTypeError, InvalidRequestError; aborts with 413 for one that is too large.
        """


@dataclass(frozen=True, slots=True)
class JsonBody:
    """A JSON object of one model."""

    model: type[Asked]

    @property
    def models(self) -> tuple[type[Asked], ...]:
        return (self.model,)

    def content(self) -> Mapping[str, object]:
        return {"application/json": {"schema": {"$ref": REFERENCE + self.model.__name__}}}

    def read(self) -> Asked:
        check_media_type("application/json")
        request.max_content_length = MAX_JSON_BYTES
        try:
            return self.model.model_validate_json(request.get_data(cache=False), strict=True)
        except ValidationError as error:
            raise unfit(error, "body") from None


def check_media_type(*allowed: str) -> None:
    """Raises: MediaTypeError: the body is none of these."""
    if request.mimetype not in allowed:
        raise MediaTypeError(
            f"The body is {request.mimetype or 'of no type'}, which is not taken here.",
            remedy=f"Send Content-Type: {' or '.join(allowed)}.",
        )


def read_query(model: type[Asked]) -> Asked:
    """The query of the present request. Raises: InvalidRequestError."""
    given: dict[str, str] = {}
    for name, values in request.args.lists():
        if len(values) > 1:
            raise InvalidRequestError(
                "The query does not fit.",
                remedy="Give each name once.",
                errors=({"at": f"query.{name[:40]}", "problem": "given more than once"},),
            )
        given[name] = values[0]
    try:
        # Texts become numbers and members here: a query has nothing but texts.
        return model.model_validate(given, strict=False)
    except ValidationError as error:
        raise unfit(error, "query") from None


def unfit(error: ValidationError, where: str) -> InvalidRequestError:
    """What does not fit, without the values: they may be secrets."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return InvalidRequestError(
        f"The {where} does not fit.",
        remedy="See errors, and the schema at /api/v1/openapi.json.",
        errors=tuple(
            {
                "at": ".".join((where, *(str(part)[:40] for part in one["loc"]))),
                "problem": one["msg"],
            }
            for one in found[:20]
        ),
    )
