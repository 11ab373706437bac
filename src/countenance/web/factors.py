"""What a user could show at the door now."""

from __future__ import annotations

from typing import Final

from countenance.identity.factor_policy import Factor
from countenance.identity.interfaces import User
from countenance.web.context import identity, web

ENROLLED: Final = frozenset(
    {Factor.FACE, Factor.PASSKEY, Factor.PASSKEY_UV, Factor.TOTP, Factor.RECOVERY_CODE}
)
"""What a user set up, so that a stolen password alone opens nothing and enrols nothing."""


def usable(user: User) -> frozenset[Factor]:
    """The factors of a user that can work; a login code can always be asked for."""
    found = {Factor.PASSWORD, Factor.LOGIN_CODE}
    if user.face is not None and user.face.pack == web().recognition.pack:
        found.add(Factor.FACE)
    if identity().authenticator_apps.added_at(user.id) is not None:
        found.add(Factor.TOTP)
    if identity().recovery_codes.left(user.id) is not None:
        found.add(Factor.RECOVERY_CODE)
    return frozenset(found)
