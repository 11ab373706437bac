"""Errors to HTTP: the one place where a status is chosen.

WebError
├── NoTransactionError   no ceremony is pending in this browser, or it is for something else
├── ForeignOriginError   a page of another site asks for the camera connection
├── TicketRefusedError   a capture ticket is unknown, expired, used, or of another browser
├── FreshNeededError     the act has to be confirmed first
├── NoPasskeysHereError  the page is open under another name than that of its passkeys
├── BusyError            all places for captures are taken
└── ThrottledError       too many tries in a row were wrong
    ├── PausedError      wait before the next one
    └── ShutError        no further one until another way in succeeds
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Final

from flask import (
    Flask,
    Response,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
)
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from countenance.datasets.errors import (
    DatasetError,
    DatasetNotFoundError,
    DatasetUnwritableError,
)
from countenance.errors import CountenanceError
from countenance.identity.errors import (
    AlreadySetUpError,
    LastAdministratorError,
    NameTakenError,
    NoPendingFaceError,
    NotPermittedError,
    OwnApprovalError,
    OwnRoleError,
    StorageError,
    TokenNotFoundError,
    UnacceptableNameError,
    UnfitTokenError,
    UserNotFoundError,
    WeakPasswordError,
)
from countenance.images.errors import ImageError
from countenance.web.api.errors import (
    ApiError,
    CannotVerifyError,
    InvalidRequestError,
    MediaTypeError,
    RequestLimitError,
    ScopeMissingError,
    SwitchedOffError,
    TokenMissingError,
    TokenRefusedError,
    UnusableUploadError,
    VerificationNotFoundError,
)
from countenance.web.api.problems import is_api_request, problem

FORM_REFUSED: Final = HTTPStatus.UNPROCESSABLE_ENTITY
"""A form that is shown again with what to mend."""
THROTTLED: Final = HTTPStatus.TOO_MANY_REQUESTS
"""A form shown again with the time to wait."""
LOGIN_REFUSED: Final = HTTPStatus.FORBIDDEN
"""The login form shown again: wrong, unknown or disabled, all the same."""


class WebError(CountenanceError):
    """Something that a browser asked for and cannot have now."""

    code = "web"

    def __init__(self, message: str, *, remedy: str = "", retry_after_s: int = 0) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s
        """Seconds after which it is worth another try; 0 when waiting does not help."""


class NoTransactionError(WebError):
    """No ceremony is pending in this browser, or it is for something else."""

    code = "web.no_transaction"


class ForeignOriginError(WebError):
    """A page of another site asks for the camera connection."""

    code = "web.foreign_origin"


class TicketRefusedError(WebError):
    """A capture ticket is unknown, expired, already used, or of another browser."""

    code = "web.ticket_refused"


class FreshNeededError(WebError):
    """The act needs a fresh confirmation of its user."""

    code = "web.fresh_needed"


class NoPasskeysHereError(WebError):
    """The page is open under another name than the one that passkeys are for."""

    code = "web.no_passkeys_here"


class BusyError(WebError):
    """All places for captures are taken."""

    code = "web.busy"


class ThrottledError(WebError):
    """Too many tries in a row were wrong."""

    code = "web.throttled"


class PausedError(ThrottledError):
    """Too many tries in a row were wrong: a pause before the next one."""

    code = "web.paused"


class ShutError(ThrottledError):
    """So many tries in a row were wrong that this way in is shut, until another one succeeds."""

    code = "web.shut"


_STATUS: Final[dict[type[CountenanceError], HTTPStatus]] = {
    NoTransactionError: HTTPStatus.CONFLICT,
    ForeignOriginError: HTTPStatus.FORBIDDEN,
    TicketRefusedError: HTTPStatus.FORBIDDEN,
    FreshNeededError: HTTPStatus.FORBIDDEN,
    NoPasskeysHereError: HTTPStatus.CONFLICT,
    BusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    ThrottledError: HTTPStatus.TOO_MANY_REQUESTS,
    UserNotFoundError: HTTPStatus.NOT_FOUND,
    AlreadySetUpError: HTTPStatus.CONFLICT,
    LastAdministratorError: HTTPStatus.CONFLICT,
    NotPermittedError: HTTPStatus.FORBIDDEN,
    OwnRoleError: HTTPStatus.CONFLICT,
    OwnApprovalError: HTTPStatus.CONFLICT,
    NoPendingFaceError: HTTPStatus.CONFLICT,
    StorageError: HTTPStatus.SERVICE_UNAVAILABLE,
    DatasetNotFoundError: HTTPStatus.NOT_FOUND,
    DatasetUnwritableError: HTTPStatus.SERVICE_UNAVAILABLE,
    DatasetError: HTTPStatus.CONFLICT,
    NameTakenError: HTTPStatus.CONFLICT,
    UnacceptableNameError: HTTPStatus.UNPROCESSABLE_ENTITY,
    WeakPasswordError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TokenNotFoundError: HTTPStatus.NOT_FOUND,
    UnfitTokenError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TokenMissingError: HTTPStatus.UNAUTHORIZED,
    TokenRefusedError: HTTPStatus.UNAUTHORIZED,
    ScopeMissingError: HTTPStatus.FORBIDDEN,
    RequestLimitError: HTTPStatus.TOO_MANY_REQUESTS,
    MediaTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    InvalidRequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnusableUploadError: HTTPStatus.UNPROCESSABLE_ENTITY,
    SwitchedOffError: HTTPStatus.FORBIDDEN,
    ImageError: HTTPStatus.UNPROCESSABLE_ENTITY,
    CannotVerifyError: HTTPStatus.CONFLICT,
    VerificationNotFoundError: HTTPStatus.NOT_FOUND,
}

_TITLES: Final = {
    HTTPStatus.BAD_REQUEST: "That did not arrive as it should",
    HTTPStatus.UNAUTHORIZED: "Please log in",
    HTTPStatus.FORBIDDEN: "This page is not for you",
    HTTPStatus.NOT_FOUND: "There is no such page",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address takes no such request",
    HTTPStatus.CONFLICT: "That is not possible now",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That was too much at once",
    HTTPStatus.TOO_MANY_REQUESTS: "Please wait",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something broke here",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available just now",
}

_REMEDIES: Final = {
    HTTPStatus.NOT_FOUND: "It may have moved or been removed. Go back or begin at the start.",
    HTTPStatus.FORBIDDEN: "An administrator can open it, or give you the role it needs.",
    HTTPStatus.BAD_REQUEST: "Go back, reload the page and try again.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Try again. If it stays, tell whoever runs this server.",
}


def register_errors(app: Flask) -> None:
    """Answer every error with a page and a way back, or with JSON where that is asked for."""
    app.register_error_handler(CountenanceError, _product_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(RateLimitExceeded, _limit_error)
    app.register_error_handler(HTTPException, _http_error)


def wants_json() -> bool:
    """Whether the caller asked for JSON rather than a page; a socket never shows a page."""
    if request.headers.get("Upgrade"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def login_needed() -> Response:
    """The answer to a request without a session that JSON was asked of."""
    return _answer(HTTPStatus.UNAUTHORIZED, "web.login_needed", "Please log in.", "")


def _product_error(error: CountenanceError) -> Response:
    status = next(
        (_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
    if isinstance(error, NoTransactionError) and not wants_json():
        return make_response(redirect("/login"))
    wait_s = error.retry_after_s if isinstance(error, WebError | ApiError) else 0
    if isinstance(error, ApiError):
        answer = problem(
            status,
            error.code,
            error.message,
            error.remedy,
            retry_after_s=wait_s,
            errors=error.errors,
        )
        answer.headers.update(error.headers)
        return answer
    return _answer(status, error.code, error.message, error.remedy, retry_after_s=wait_s)


def _csrf_error(_error: CSRFError) -> Response:
    return _answer(
        HTTPStatus.BAD_REQUEST,
        "web.csrf",
        "The form was too old or came from another page.",
        "Go back, reload the page and send it again.",
    )


def _limit_error(_error: RateLimitExceeded) -> Response:
    wait_s = 60
    for limiter in current_app.extensions.get("limiter", ()):
        if limiter.current_limit is not None:
            wait_s = max(1, int(limiter.current_limit.reset_at - time.time()) + 1)
    return _answer(
        HTTPStatus.TOO_MANY_REQUESTS,
        "web.too_many_requests",
        "Too many tries came from this address.",
        "Wait until the time is up, then try again.",
        retry_after_s=wait_s,
    )


def _http_error(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if is_api_request():
        return _http_problem(status, error)
    remedy = _REMEDIES.get(status, "Go back and try again.")
    return _answer(status, f"web.{status.name.lower()}", _TITLES.get(status, status.phrase), remedy)


def _http_problem(status: HTTPStatus, error: HTTPException) -> Response:
    """The same for a program."""
    name = f"web.{status.name.lower()}"
    answer = problem(
        status, name, f"{status.phrase}: {status.description}", "See /api/v1/openapi.json."
    )
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def _answer(
    status: HTTPStatus, code: str, message: str, remedy: str, *, retry_after_s: int = 0
) -> Response:
    if is_api_request():
        return problem(status, code, message, remedy, retry_after_s=retry_after_s)
    if wants_json():
        body = {"code": code, "message": message, "remedy": remedy}
        response = jsonify(body | ({"retry_after_s": retry_after_s} if retry_after_s else {}))
    else:
        title = _TITLES.get(status, status.phrase)
        text = "" if message == title else message
        response = make_response(
            render_template(
                "error.html", title=title, message=text, remedy=remedy, wait_s=retry_after_s
            )
        )
    response.status_code = status
    if retry_after_s:
        response.headers["Retry-After"] = str(retry_after_s)
    return response
