"""Passwords, codes and faces, tried under throttling: counted before they are judged."""

from __future__ import annotations

from countenance.events import Tag
from countenance.identity.interfaces import NOBODY, DeviceId, User, UserId
from countenance.identity.throttles import Attempt
from countenance.identity.throttling import Decision, Tried
from countenance.web.context import address, identity, known_device, web
from countenance.web.errors import PausedError, ShutError, ThrottledError


def check_password(name: str, password: str) -> User | None:
    """The enabled user whose password this is; None when it is wrong, and that is written down.

    Unknown and disabled users are counted, and cost, the same as known ones.

    Raises: PausedError, ShutError: no try is let in now.
    """
    known = identity().users.find(name)
    attempt = begin(Tried.PASSWORD, known.id if known else None, name=name)
    user = identity().passwords.verify(name=name, password=password)
    if not told(attempt, is_right=user is not None):
        _note_refused_password(known)
    return user


def _note_refused_password(known: User | None) -> None:
    identity().audit.append(
        Tag.PASSWORD_REFUSED,
        subject_id=known.id if known else None,
        address=address(),
        details={"reason": "disabled"} if known and not known.is_enabled else None,
    )


def confirm_password(user: User, password: str) -> bool:
    """Whether this is the password of somebody who is logged in already.

    Raises: PausedError, ShutError: no try is let in now.
    """
    attempt = begin(Tried.PASSWORD, user.id)
    is_right = identity().passwords.verify_for(user.id, password=password)
    if not told(attempt, is_right=is_right):
        _note_refused_password(user)
    return is_right


def check_code(user: User, code: str) -> bool:
    """Use up a one-time login code. Raises: PausedError, ShutError."""
    attempt = begin(Tried.CODE, user.id)
    return told(attempt, is_right=identity().login_codes.redeem(user.id, code))


def told(attempt: Attempt, *, is_right: bool) -> bool:
    """Tell throttling how a try went; returns `is_right`."""
    if is_right:
        identity().throttles.succeed(attempt)
    else:
        identity().throttles.fail(attempt)
    return is_right


def begin(factor: Tried, user_id: UserId | None, *, name: str = "") -> Attempt:
    """Count a try.

    Args:
        user_id: whose; None when nobody has that name.
        name: what was typed, for a user who does not exist.

    Raises: PausedError, ShutError.
    """
    throttles = identity().throttles
    outcome = throttles.begin(
        factor,
        subject=throttles.subject(name, user_id),
        device=_device(user_id),
        address=address(),
    )
    if isinstance(outcome, Attempt):
        return outcome
    raise refusal(outcome, factor)


def begin_elsewhere(subject: str) -> Attempt:
    """Count a try by face on the page of another app, whose browser is known to nobody here.

    Args: subject: whom it counts for, as `Throttles.subject` made it.
    Raises: PausedError, ShutError.
    """
    outcome = identity().throttles.begin(
        Tried.FACE, subject=subject, device=None, address=address(), is_first=True
    )
    if isinstance(outcome, Attempt):
        return outcome
    raise refusal(outcome, Tried.FACE)


def check_open_elsewhere(subject: str) -> None:
    """Raises: PausedError, ShutError: such a try would not be let in now."""
    decision = identity().throttles.look(Tried.FACE, subject=subject, device=None)
    if not decision.is_open:
        raise refusal(decision, Tried.FACE)


def check_open(factor: Tried, user_id: UserId) -> None:
    """Raises: PausedError, ShutError: a try would not be let in now."""
    decision = identity().throttles.look(factor, subject=user_id, device=_device(user_id))
    if not decision.is_open:
        raise refusal(decision, factor)


def _device(user_id: UserId | None) -> DeviceId | None:
    """The browser of this request as a device of that user; None when it is not known.

    It is looked for whether or not somebody has the name, so that the work tells nothing.
    """
    found = known_device(user_id or NOBODY)
    return found.id if found else None


def refusal(decision: Decision, factor: Tried) -> ThrottledError:
    """The error that tells why no try is let in; counts it."""
    web().metrics.throttled(factor.value, is_shut=decision.is_shut)
    if decision.is_shut:
        return ShutError(_SHUT[factor], remedy=_SHUT_REMEDY[factor])
    return PausedError(
        f"Please wait {decision.wait_s} s.",
        remedy="Try again when the time is up, or use another way.",
        retry_after_s=decision.wait_s,
    )


_SHUT = {
    Tried.PASSWORD: "Too many passwords in a row were wrong.",
    Tried.FACE: "Too many tries by face in a row were refused.",
    Tried.CODE: "Too many codes in a row were wrong.",
}
_SHUT_REMEDY = {
    Tried.PASSWORD: "Log in where you have logged in before, or ask an administrator to let you"
    " try again.",
    Tried.FACE: "Use another way in; after that your face works again.",
    Tried.CODE: "Use another way in, or ask an administrator to let you try again.",
}
