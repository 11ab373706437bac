"""Errors of the API.

ApiError
├── TokenMissingError    no bearer token came
├── TokenRefusedError    the token is unknown, wrong, expired, revoked, or its maker lost the right
├── ScopeMissingError    the token may not do this
├── RequestLimitError    too many requests of one token or address
├── MediaTypeError       the body is of a kind that is not taken here
├── InvalidRequestError  the body or the query does not fit the schema
├── UnusableUploadError  no photograph of an upload gives a sample
├── SwitchedOffError     the installation does not offer this
├── CannotVerifyError    the person is disabled, or has no face to compare
└── VerificationNotFoundError  this token has begun no such verification, or it is over
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from countenance.errors import CountenanceError

REALM: Final = "countenance"


class ApiError(CountenanceError):
    """Something that a program asked for and cannot have."""

    code = "api"

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        retry_after_s: int = 0,
        headers: Mapping[str, str] | None = None,
        errors: tuple[Mapping[str, str], ...] = (),
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s
        """Seconds after which it is worth another try; 0 when waiting does not help."""
        self.headers = dict(headers or {})
        """Of the answer."""
        self.errors = errors
        """What does not fit, place by place."""


class TokenMissingError(ApiError):
    """No bearer token came; a cookie is none."""

    code = "api.token_missing"


class TokenRefusedError(ApiError):
    """The token is no good; which of the reasons it is, is not told."""

    code = "api.token_refused"


class ScopeMissingError(ApiError):
    """The token, or the role of whoever made it, does not reach that far."""

    code = "api.scope_missing"


class RequestLimitError(ApiError):
    """Too many requests of one token, or of one address."""

    code = "api.too_many_requests"


class MediaTypeError(ApiError):
    """The body is of a kind that is not taken here."""

    code = "api.media_type"


class InvalidRequestError(ApiError):
    """The body or the query does not fit its schema."""

    code = "api.invalid"


class UnusableUploadError(ApiError):
    """No photograph of an upload gives a sample, or they show different people."""

    code = "api.unusable_photographs"


class SwitchedOffError(ApiError):
    """This installation does not offer what was asked for."""

    code = "api.switched_off"


class CannotVerifyError(ApiError):
    """The person is disabled, or has no face that this engine can compare."""

    code = "api.cannot_verify"


class VerificationNotFoundError(ApiError):
    """This token has begun no such verification, or it is over since long."""

    code = "api.verification_not_found"


def token_missing() -> TokenMissingError:
    """The answer to a request without a token, a session's cookie or not."""
    return TokenMissingError(
        "This address asks for a token.",
        remedy="Send one as `Authorization: Bearer cnt_…`; an administrator makes it under Tokens.",
        headers={"WWW-Authenticate": f'Bearer realm="{REALM}"'},
    )


def token_refused() -> TokenRefusedError:
    """The answer to a token that is no good, whatever the reason."""
    return TokenRefusedError(
        "The token is not good.",
        remedy="Check that it is whole, or ask an administrator for a new one.",
        headers={"WWW-Authenticate": f'Bearer realm="{REALM}", error="invalid_token"'},
    )


def scope_missing(scope: str) -> ScopeMissingError:
    """The answer to a good token that may not do this."""
    told = f'Bearer realm="{REALM}", error="insufficient_scope", scope="{scope}"'
    return ScopeMissingError(
        f"The token does not have the scope {scope}.",
        remedy="Make a token that has it.",
        headers={"WWW-Authenticate": told},
    )


def too_many(wait_s: int) -> RequestLimitError:
    """The answer to one request too many."""
    return RequestLimitError(
        "Too many requests came at once.",
        remedy=f"Wait {wait_s} s, then go on more slowly.",
        retry_after_s=wait_s,
    )
