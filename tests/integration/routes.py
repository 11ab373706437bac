"""Who opens which route: the declared table that the tests hold the application to.

Adding a page means adding a line here; a route that is missing fails
`test_authorisation_matrix.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from countenance.identity.api_scopes import Scope
from countenance.identity.permissions import Role

VIEWER, OPERATOR, OFFICER, ADMINISTRATOR, AUDITOR = Role
PUBLIC: Final = None
"""Opens without a session; what it does is for its own tests."""
EVERYBODY: Final = frozenset(Role)
STAFF: Final = frozenset({OFFICER, ADMINISTRATOR})
READERS: Final = STAFF | {AUDITOR}
AUDITORS: Final = frozenset({AUDITOR})
TRAIL_READERS: Final = AUDITORS | {ADMINISTRATOR}
ADMINISTRATORS: Final = frozenset({ADMINISTRATOR})

ROUTES: Final[Mapping[str, frozenset[Role] | None]] = {
    "static": PUBLIC,
    "setup.setup": PUBLIC,
    "auth.login": PUBLIC,
    "auth.password": PUBLIC,
    "auth.face": PUBLIC,
    "auth.ticket": PUBLIC,
    "auth.complete": PUBLIC,
    "auth.code": PUBLIC,
    "auth.logout": PUBLIC,
    "invite.invite": PUBLIC,
    "ways.choose": PUBLIC,
    "ways.app": PUBLIC,
    "ways.recovery": PUBLIC,
    "passkey_login.second": PUBLIC,
    "passkey_login.second_options": PUBLIC,
    "passkey_login.first": PUBLIC,
    "passkey_login.first_options": PUBLIC,
    "enrol.enrol": PUBLIC,
    "enrol.consent": PUBLIC,
    "enrol.ticket": PUBLIC,
    "enrol.complete": PUBLIC,
    "privacy.privacy": PUBLIC,
    "watch.health": PUBLIC,
    "watch.ready": PUBLIC,
    "watch.metrics": PUBLIC,
    "capture.run": PUBLIC,
    "verification.stage": PUBLIC,
    "verification.ticket": PUBLIC,
    "verification_socket.run": PUBLIC,
    "home.home": EVERYBODY,
    "pending_face.at_login": PUBLIC,
    "pending_face.own": EVERYBODY,
    "account.account": EVERYBODY,
    "account.password": EVERYBODY,
    "account.face": EVERYBODY,
    "account.data": EVERYBODY,
    "account.erase_face": EVERYBODY,
    "account.end_sessions": EVERYBODY,
    "account.device": EVERYBODY,
    "account.forget_device": EVERYBODY,
    "factors.security": EVERYBODY,
    "factors.add_app": EVERYBODY,
    "factors.confirm_app": EVERYBODY,
    "factors.app_qr": EVERYBODY,
    "factors.remove_app": EVERYBODY,
    "factors.codes": EVERYBODY,
    "passkeys.add": EVERYBODY,
    "passkeys.options": EVERYBODY,
    "passkeys.passkey": EVERYBODY,
    "passkeys.remove": EVERYBODY,
    "step_up.step_up": EVERYBODY,
    "step_up.choose": EVERYBODY,
    "step_up.face": EVERYBODY,
    "step_up.ticket": EVERYBODY,
    "step_up.complete": EVERYBODY,
    "step_up.app": EVERYBODY,
    "step_up.passkey": EVERYBODY,
    "step_up.options": EVERYBODY,
    "step_up.password": EVERYBODY,
    "sessions.own": EVERYBODY,
    "sessions.end": EVERYBODY,
    "sessions.seen": EVERYBODY,
    "sessions.end_all": ADMINISTRATORS,
    "attempts.own": EVERYBODY,
    "attempts.everybody": READERS,
    "audit.trail": TRAIL_READERS,
    "audit.check": TRAIL_READERS,
    "audit.export": AUDITORS,
    "tokens.tokens": ADMINISTRATORS,
    "tokens.make": ADMINISTRATORS,
    "tokens.revoke": ADMINISTRATORS,
    "tokens.reference": PUBLIC,
    "people.people": READERS,
    "people.person": READERS,
    "people.add": ADMINISTRATORS,
    "people.enabled": ADMINISTRATORS,
    "people.role": ADMINISTRATORS,
    "people.password": ADMINISTRATORS,
    "people.factors": ADMINISTRATORS,
    "people.remove": ADMINISTRATORS,
    "people.code": STAFF,
    "people.unlock": STAFF,
    "people.enrol": STAFF,
    "people.approve_face": STAFF,
    "people.reject_face": STAFF,
    "people.erase_face": STAFF,
    "detection.detection": ADMINISTRATORS,
    "detection.install": ADMINISTRATORS,
    "detection.progress": ADMINISTRATORS,
    "detection.later": ADMINISTRATORS,
    "lab.overview": ADMINISTRATORS,
    "lab.try_it": ADMINISTRATORS,
    "lab.make": ADMINISTRATORS,
    "lab.dataset": ADMINISTRATORS,
    "lab.collect": ADMINISTRATORS,
    "lab.show": ADMINISTRATORS,
    "lab.delete": ADMINISTRATORS,
    "lab.restore": ADMINISTRATORS,
    "lab.empty": ADMINISTRATORS,
    "lab.remove": ADMINISTRATORS,
    "lab.export": ADMINISTRATORS,
    "lab_socket.run": ADMINISTRATORS,
}
"""Endpoint to the roles that it opens for."""

API: Final[Mapping[str, Scope | None]] = {
    "api.openapi": None,
    "api.list_users": Scope.USERS_READ,
    "api.get_user": Scope.USERS_READ,
    "api.add_user": Scope.USERS_WRITE,
    "api.change_user": Scope.USERS_WRITE,
    "api.remove_user": Scope.USERS_WRITE,
    "api.get_enrolment": Scope.ENROLMENTS_READ,
    "api.enrol": Scope.ENROLMENTS_WRITE,
    "api.erase": Scope.ENROLMENTS_WRITE,
    "api.list_attempts": Scope.ATTEMPTS_READ,
    "api.list_rows": Scope.AUDIT_READ,
    "api.check_chain": Scope.AUDIT_READ,
    "api.identify": Scope.IDENTIFY,
    "api.begin_verification": Scope.VERIFY,
    "api.get_verification": Scope.VERIFY,
    "api.take_verification": Scope.VERIFY,
}
"""Endpoint of the API to the scope that opens it; None for a public one. No session opens any."""
