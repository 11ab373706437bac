"""Which combinations of factors open a login: the one place that decides it.

Pure: no clock, no database, no request. A policy is written as text,

    policy      = combination *( "|" combination )
    combination = factor *( "+" factor )
    factor      = "password" / "face" / "passkey" / "passkey-uv" / "totp"
                / "recovery-code" / "login-code"

with blanks anywhere between the parts. A login is open as soon as all factors of one combination
are done, in whatever order its pages ask for them after the first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from countenance.errors import ConfigurationError


class Factor(StrEnum):
    """One thing that a person shows to be who they say."""

    PASSWORD = "password"  # noqa: S105 # nosec B105 # the name of a factor
    FACE = "face"
    PASSKEY = "passkey"
    """A WebAuthn credential; somebody touched it."""
    PASSKEY_UV = "passkey-uv"
    """The same, and the authenticator verified its user by PIN or biometrics: two factors."""
    TOTP = "totp"
    """A code of an authenticator app, RFC 6238."""
    RECOVERY_CODE = "recovery-code"
    LOGIN_CODE = "login-code"
    """Given by an administrator for one login."""


FIRST_FACTORS: Final = frozenset({Factor.PASSWORD, Factor.PASSKEY_UV})
"""With which a login may begin: what names the user, and keeps strangers from trying the rest."""

DEFAULT_POLICY: Final = (
    "password+face | password+passkey | passkey-uv | password+totp | password+recovery-code"
    " | password+login-code"
)
DEFAULT_STEP_UP: Final = frozenset({Factor.FACE, Factor.PASSKEY, Factor.TOTP})

AMR: Final[Mapping[Factor, str]] = {
    Factor.PASSWORD: "pwd",
    Factor.FACE: "face",
    Factor.PASSKEY: "pop",
    Factor.PASSKEY_UV: "pop",
    Factor.TOTP: "otp",
    Factor.RECOVERY_CODE: "otp",
    Factor.LOGIN_CODE: "otp",
}
"""Names of the IANA registry of RFC 8176. `pop`, possession of a key: without attestation nobody
knows whether a passkey is of hardware (`hwk`) or software (`swk`)."""


@dataclass(frozen=True, slots=True)
class FactorPolicy:
    """The combinations that open a login of one role."""

    combinations: tuple[frozenset[Factor], ...]

    def opens(self, done: Collection[Factor]) -> bool:
        """Whether these factors are enough; further ones do no harm."""
        held = implied(done)
        return any(combination <= held for combination in self.combinations)

    def next_factors(
        self, done: Collection[Factor], *, usable: Collection[Factor]
    ) -> frozenset[Factor]:
        """Factors that lead on from here, none when nothing does.

        Args:
            done: so far in this login.
            usable: what the user has; a combination that needs another factor leads nowhere.
        """
        held, having = implied(done), implied(usable)
        missing = (combination - held for combination in self.combinations)
        return frozenset(factor for rest in missing if rest <= having for factor in rest)

    def names(self, factor: Factor) -> bool:
        """Whether any combination asks for that factor."""
        return any(factor in combination for combination in self.combinations)

    def __str__(self) -> str:
        parts = ("+".join(f for f in Factor if f in c) for c in self.combinations)
        return " | ".join(parts)


@dataclass(frozen=True, slots=True)
class FactorPolicies:
    """The policy of each role, and what counts as a fresh sign of the user."""

    everyone: FactorPolicy
    of_role: Mapping[str, FactorPolicy]
    """By the value of the role; a role that is not here has that of everyone."""
    step_up: frozenset[Factor]
    """Each of them alone is enough to confirm an act during a session."""

    def for_role(self, role: str) -> FactorPolicy:
        """The policy of that role."""
        return self.of_role.get(role, self.everyone)

    def begin_with(self, first: Factor) -> bool:
        """Whether any role has a combination with that factor and without the password."""
        policies = (self.everyone, *self.of_role.values())
        combinations = (c for policy in policies for c in policy.combinations)
        return any(first in c and Factor.PASSWORD not in c for c in combinations)

    def confirming(self, usable: Collection[Factor]) -> frozenset[Factor]:
        """With what a user confirms an act: what the policy wants, else the password.

        Args: usable: what the user has.
        """
        return (self.step_up & implied(usable)) or frozenset({Factor.PASSWORD})


def implied(factors: Iterable[Factor]) -> frozenset[Factor]:
    """The factors and what they contain: a passkey that verified its user is a passkey."""
    given = frozenset(factors)
    return given | {Factor.PASSKEY} if Factor.PASSKEY_UV in given else given


def amr(factors: Iterable[Factor]) -> tuple[str, ...]:
    """Authentication method references (RFC 8176) of the factors of a login, each once.

    `mfa` is added where one authenticator gave two factors at once.

    >>> amr([Factor.PASSWORD, Factor.FACE])
    ('pwd', 'face')
    """
    given = frozenset(factors)
    names = [AMR[factor] for factor in Factor if factor in given]
    return (*dict.fromkeys(names), *(("user", "mfa") if Factor.PASSKEY_UV in given else ()))


def parse_policy(text: str, *, source: str) -> FactorPolicy:
    """Read a policy.

    Args: source: name of the setting, for the message.
    Raises: ConfigurationError: it is no policy, opens with one factor, or with faces alone.
    """
    policy = FactorPolicy(tuple(_combination(part, source=source) for part in text.split("|")))
    if all(Factor.FACE in combination for combination in policy.combinations):
        raise ConfigurationError(
            f"{source} leaves no way in without a face.",
            remedy="Add a combination without it, such as password+totp or password+login-code.",
        )
    return policy


def parse_factors(names: Iterable[str], *, source: str) -> frozenset[Factor]:
    """Read the factors that confirm an act.

    Raises: ConfigurationError: one is unknown, or none is given.
    """
    factors = frozenset(_factor(name, source=source) for name in names)
    if not factors:
        raise ConfigurationError(f"{source} names no factor.", remedy=_known())
    return factors


def _combination(text: str, *, source: str) -> frozenset[Factor]:
    named = [_factor(part, source=source) for part in text.split("+")]
    factors = frozenset(named)
    if len(factors) < len(named):
        raise ConfigurationError(
            f"{source} names a factor twice in {text.strip()!r}.", remedy="Name each one once."
        )
    if not factors & FIRST_FACTORS:
        raise ConfigurationError(
            f"{source} has a combination that nothing begins: {text.strip()!r}.",
            remedy="Add password or passkey-uv to it.",
        )
    if factors == {Factor.PASSWORD}:
        raise ConfigurationError(
            f"{source} would let a password alone open the door.",
            remedy="Add a second factor, such as password+face.",
        )
    return factors


def _factor(text: str, *, source: str) -> Factor:
    try:
        return Factor(text.strip())
    except ValueError:
        raise ConfigurationError(
            f"{source} names {text.strip()!r}, which is no factor.", remedy=_known()
        ) from None


def _known() -> str:
    return f"Take from: {', '.join(Factor)}."
