"""WebAuthn, as far as this product speaks it: options out, answers checked.

The home of the package `webauthn`. Nothing here stores anything or knows a clock.
Source: W3C Web Authentication Level 3, sections 7.1 and 7.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import webauthn
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

NAME: Final = "Countenance"
TIMEOUT_MS: Final = 120_000
"""How long a browser is asked to wait for its person."""
MAX_ID_BYTES: Final = 1023
"""Longest credential id that the standard permits."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom a passkey is for."""

    id: str
    """A domain name; passkeys made for it work below it and nowhere else."""
    origins: tuple[str, ...]
    """Origins whose pages may ask for one, such as https://door.example."""


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What an authenticator made."""

    credential_id: bytes
    public_key: bytes
    """COSE key."""
    sign_count: int
    is_verified: bool
    """Whether the authenticator verified its user."""
    is_synced: bool
    """Whether it may live on several devices."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """A signed answer that is right but for its counter."""

    sign_count: int
    is_verified: bool
    is_synced: bool


class AnswerError(Exception):
    """An answer is malformed, unsigned, or meant for somebody else."""


def registration_options(
    party: RelyingParty,
    *,
    user_handle: bytes,
    name: str,
    display_name: str,
    challenge: bytes,
    known: Sequence[bytes],
) -> dict[str, Any]:
    """Options of `navigator.credentials.create`, as JSON values.

    Args:
        user_handle: what a discoverable passkey gives back; says nothing about the person.
        known: ids of the user's passkeys; their authenticators make no second one.
    """
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=NAME,
        user_id=user_handle,
        user_name=name,
        user_display_name=display_name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=_descriptors(known),
    )
    return _as_json(options)


def authentication_options(
    party: RelyingParty, *, challenge: bytes, allowed: Sequence[bytes], must_verify: bool
) -> dict[str, Any]:
    """Options of `navigator.credentials.get`, as JSON values.

    Args:
        allowed: ids of the user's passkeys; empty lets the authenticator say who it is.
        must_verify: whether the authenticator has to verify its user.
    """
    wish = (
        UserVerificationRequirement.REQUIRED
        if must_verify
        else UserVerificationRequirement.PREFERRED
    )
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=_descriptors(allowed),
        user_verification=wish,
    )
    return _as_json(options)


def check_registration(
    answer: Mapping[str, Any], *, expected_challenge: bytes, party: RelyingParty
) -> NewCredential:
    """Raises: AnswerError."""
    try:
        found = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=expected_challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise AnswerError(str(error)) from error
    if not 0 < len(found.credential_id) <= MAX_ID_BYTES:
        raise AnswerError("the credential id has an impossible length")
    return NewCredential(
        credential_id=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        is_verified=found.user_verified,
        is_synced=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )


def check_assertion(
    answer: Mapping[str, Any],
    *,
    expected_challenge: bytes,
    party: RelyingParty,
    public_key: bytes,
    must_verify: bool,
) -> Assertion:
    """Check everything but the counter, which the caller compares while it holds the row.

    Raises: AnswerError.
    """
    try:
        found = webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=expected_challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=must_verify,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise AnswerError(str(error)) from error
    return Assertion(
        sign_count=found.new_sign_count,
        is_verified=found.user_verified,
        is_synced=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )


def counter_is_plausible(*, stored: int, given: int) -> bool:
    """Whether a counter rose; authenticators that count nothing always say 0 (section 6.1.1)."""
    return given > stored or given == stored == 0


def credential_id_of(answer: Mapping[str, Any]) -> bytes:
    """The id of the passkey that an answer speaks of. Raises: AnswerError."""
    try:
        return webauthn.base64url_to_bytes(str(answer["id"]))
    except (KeyError, ValueError) as error:
        raise AnswerError("the answer names no passkey") from error


def user_handle_of(answer: Mapping[str, Any]) -> bytes | None:
    """Whom a discoverable passkey says it is of; None when it does not say.

    Raises: AnswerError.
    """
    response = answer.get("response")
    text = response.get("userHandle") if isinstance(response, dict) else None
    try:
        return webauthn.base64url_to_bytes(text) if text else None
    except (TypeError, ValueError) as error:
        raise AnswerError("the user handle is malformed") from error


def _descriptors(ids: Sequence[bytes]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=credential_id) for credential_id in ids]


def _as_json(options: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return found
