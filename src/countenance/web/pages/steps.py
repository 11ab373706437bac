"""Which step of the way in comes next."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta

from flask import Response, flash, make_response, redirect, request, url_for

from countenance.events import Tag
from countenance.identity.factor_policy import FIRST_FACTORS, Factor, amr
from countenance.identity.interfaces import (
    Confirmation,
    KnownCamera,
    Purpose,
    Transaction,
    User,
    UserId,
)
from countenance.web import cookies, factors
from countenance.web.context import address, identity, web
from countenance.web.errors import NoTransactionError
from countenance.web.user_agent import label_of


def begin_ceremony(
    purpose: Purpose,
    *,
    user_id: UserId,
    actor_id: UserId | None,
    then: str,
    factors: Collection[Factor] = (),
    confirms: Confirmation | None = None,
) -> Response:
    """Begin a ceremony and send the browser to its page, with the cookie that stands for it."""
    token = identity().transactions.begin(
        purpose,
        user_id=user_id,
        actor_id=actor_id,
        address=address(),
        factors=factors,
        confirms=confirms,
    )
    response = make_response(redirect(then))
    cookies.write(response, cookies.PENDING, token)
    return response


def after_password(user: User) -> Response:
    """The next step of a user whose password was right; there is no session yet."""
    enrols = needs_first_enrolment(user)
    step = "enrol.enrol" if enrols else way_on(user, {Factor.PASSWORD})
    if user.must_change_password:
        step = "auth.password"
    elif has_comparable_pending_face(user):
        step = "pending_face.at_login"
    return begin_ceremony(
        Purpose.ENROLMENT if enrols else Purpose.LOGIN,
        user_id=user.id,
        actor_id=None,
        then=url_for(step),
        factors=(Factor.PASSWORD,),
    )


def after_passkey(user: User, *, then: Callable[[], str]) -> Response:
    """The next step of a user whose passkey was right and verified its user."""
    done = (Factor.PASSKEY_UV,)
    if identity().factor_policies.for_role(user.role).opens(done):
        return start_session(user.id, done=done, then=then())
    return begin_ceremony(
        Purpose.LOGIN,
        user_id=user.id,
        actor_id=None,
        then=url_for(way_on(user, done)),
        factors=done,
    )


def way_on(user: User, done: Collection[Factor]) -> str:
    """The page of the next factor of a login: the camera where that leads on, else a choice."""
    usable = factors.usable(user)
    own = identity().factor_policies.for_role(user.role)
    if Factor.FACE in own.next_factors(done, usable=usable):
        return "auth.face"
    # Whoever has nothing else is asked for the face as before; without one it opens nothing.
    asks_in_vain = not factors.set_up(user) & factors.ENROLLED and own.names(Factor.FACE)
    return "auth.face" if asks_in_vain else "ways.choose"


def offered(transaction: Transaction, user: User) -> frozenset[Factor]:
    """The factors that lead on in a login; none in a ceremony that did not begin as one."""
    if transaction.purpose is Purpose.STEP_UP or not transaction.factors & FIRST_FACTORS:
        return frozenset()
    policy = identity().factor_policies.for_role(user.role)
    return policy.next_factors(transaction.factors, usable=factors.usable(user))


def has_comparable_pending_face(user: User) -> bool:
    """Whether somebody enrolled a face for the user that the engine could compare."""
    face = identity().pending_faces.find(user.id)
    return face is not None and face.pack == web().recognition.pack


def needs_first_enrolment(user: User) -> bool:
    """Whether a right password is enough to enrol a face.

    True for a user who has no face that the engine can compare nor another factor, and who never
    had a face or was given a password by an administrator since. Whoever erased the own face needs
    a login code: otherwise a stolen password alone would open the account.
    """
    if factors.set_up(user) & factors.ENROLLED:
        return False
    if not identity().factor_policies.for_role(user.role).names(Factor.FACE):
        return False
    newest = identity().audit.list_events(
        subject_id=user.id, tags=(Tag.FACE_ENROLLED, Tag.PASSWORD_RESET), limit=1
    )
    return user.must_change_password or not any(e.tag is Tag.FACE_ENROLLED for e in newest)


def go_on(token: str, user: User, *, then: Callable[[], str]) -> Response:
    """After a factor: the session when the policy opens, else the page of the next factor.

    Args:
        token: of the transaction.
        then: gives the page to go to with a session.
    """
    policy = identity().factor_policies.for_role(user.role)
    done = identity().transactions.complete(
        token, is_enough=lambda transaction: policy.opens(transaction.factors)
    )
    if done is not None:
        return start_session(user.id, done=done.factors, then=then(), transaction_id=done.id)
    transaction = identity().transactions.find(token)
    if transaction is None:
        raise NoTransactionError("The login has expired.", remedy="Log in again.")
    return make_response(redirect(url_for(way_on(user, transaction.factors))))


def start_session(
    user_id: UserId, *, done: Collection[Factor], then: str, transaction_id: str | None = None
) -> Response:
    """Log in: a new token, the old one ended, the pending cookie taken back, the browser known.

    Args:
        transaction_id: of the login; what its face step showed of the browser's camera counts now.
    """
    own, methods = identity(), amr(done)
    if old := cookies.read(cookies.SESSION):
        own.sessions.end(old)
    own.audit.append(
        Tag.LOGIN_GRANTED,
        subject_id=user_id,
        address=address(),
        details={"methods": " ".join(methods), "factors": _named(done)},
    )
    own.authenticator_apps.unlock(user_id)
    own.throttles.relieve(user_id)
    known = own.devices.remember(
        cookies.read(cookies.DEVICE),
        user_id,
        label=label_of(request.user_agent.string),
        address=address(),
    )
    token = own.sessions.begin(
        user_id, methods=methods, address=address(), device_id=known.device.id
    )
    if transaction_id is not None:
        own.cameras.confirm(transaction_id, known.device)
    response = make_response(redirect(then))
    cookies.write(response, cookies.DEVICE, known.token, lifetime=_device_lifetime())
    cookies.write(response, cookies.SESSION, token)
    cookies.clear(response, cookies.PENDING)
    return response


def _device_lifetime() -> timedelta:
    return timedelta(days=web().container.settings.sessions.device_limit_days)


def _named(done: Collection[Factor]) -> str:
    return "+".join(factor for factor in Factor if factor in done)


def known_cameras(user_id: UserId) -> list[KnownCamera]:
    """The cameras of a user that the passive detector in use knows, latest first."""
    detector = web().recognition.detector
    return [c for c in identity().cameras.list_cameras(user_id) if c.detector == detector]


def note_ended(user_id: UserId, *, why: str) -> None:
    """Write down that a user ended sessions."""
    identity().audit.append(
        Tag.SESSION_ENDED,
        subject_id=user_id,
        actor_id=user_id,
        address=address(),
        details={"why": why},
    )


def say(text: str, *, kind: str = "good") -> None:
    """A notice on the next page; `kind` is good, warn or bad."""
    flash(text, kind)
