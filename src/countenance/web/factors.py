"""What a user could show at the door now."""

from __future__ import annotations

from typing import Final

from countenance.identity.factor_policy import Factor
from countenance.identity.interfaces import User
from countenance.web.context import identity, web
from countenance.web.relying_party import relying_party

ENROLLED: Final = frozenset(
    {Factor.FACE, Factor.PASSKEY, Factor.PASSKEY_UV, Factor.TOTP, Factor.RECOVERY_CODE}
)
"""What a user set up, so that a stolen password alone opens nothing and enrols nothing."""

_PASSKEYS: Final = frozenset({Factor.PASSKEY, Factor.PASSKEY_UV})


def set_up(user: User) -> frozenset[Factor]:
    """The factors of a user, wherever they ask; a login code can always be had.

    A face that the engine cannot compare is none.
    """
    found = {Factor.PASSWORD, Factor.LOGIN_CODE}
    if user.face is not None and user.face.pack == web().recognition.pack:
        found.add(Factor.FACE)
    if identity().authenticator_apps.added_at(user.id) is not None:
        found.add(Factor.TOTP)
    if identity().recovery_codes.left(user.id) is not None:
        found.add(Factor.RECOVERY_CODE)
    passkeys = identity().passkeys.list_passkeys(user.id)
    if passkeys:
        found.add(Factor.PASSKEY)
    if any(passkey.verifies for passkey in passkeys):
        found.add(Factor.PASSKEY_UV)
    return frozenset(found)


_WORDS: Final = {
    Factor.PASSKEY: "passkeys",
    Factor.TOTP: "an authenticator app",
    Factor.RECOVERY_CODE: "recovery codes",
}


def second_factors(user: User) -> list[str]:
    """What a user set up beside password and face, in words."""
    found = set_up(user)
    return [words for factor, words in _WORDS.items() if factor in found]


def usable(user: User) -> frozenset[Factor]:
    """Those that can work on this page: passkeys only under the name that they are for.

    Never ask this for whether somebody has a factor at all: who may enrol with a password alone
    must not depend on the address of the page.
    """
    found = set_up(user)
    return found if relying_party() is not None else found - _PASSKEYS
