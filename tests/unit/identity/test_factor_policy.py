"""Which combinations open a login, cell by cell."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import ConfigurationError
from countenance.identity.factor_policy import (
    DEFAULT_POLICY,
    Factor,
    FactorPolicy,
    amr,
    implied,
    parse_factors,
    parse_policy,
)
from countenance.identity.factor_settings import read_policies
from countenance.settings import FactorSettings, read_settings

PASSWORD, FACE, PASSKEY, PASSKEY_UV, TOTP, RECOVERY, LOGIN_CODE = Factor
STRICT = "password+face+passkey | password+totp+passkey-uv | password+passkey+login-code"


def policy(text: str) -> FactorPolicy:
    return parse_policy(text, source="COUNTENANCE_FACTORS")


OPEN_BY_DEFAULT = {
    (PASSWORD, FACE),
    (PASSWORD, PASSKEY),
    (PASSWORD, TOTP),
    (PASSWORD, RECOVERY),
    (PASSWORD, LOGIN_CODE),
}
"""Pairs that open the door, written out; a passkey with user verification opens it alone."""


@pytest.mark.parametrize("pair", list(itertools.combinations(Factor, 2)))
def test_the_default_opens_for_these_pairs_and_no_other(pair: tuple[Factor, Factor]) -> None:
    assert policy(DEFAULT_POLICY).opens(pair) == (pair in OPEN_BY_DEFAULT or PASSKEY_UV in pair)


@pytest.mark.parametrize("factor", list(Factor))
def test_one_factor_alone_opens_nothing_but_a_verified_passkey(factor: Factor) -> None:
    assert policy(DEFAULT_POLICY).opens({factor}) == (factor is PASSKEY_UV)


@pytest.mark.parametrize(
    ("done", "opens"),
    [
        ({PASSWORD, FACE}, False),
        ({PASSWORD, PASSKEY}, False),
        ({PASSKEY_UV}, False),
        ({PASSWORD, FACE, PASSKEY}, True),
        ({PASSWORD, FACE, PASSKEY_UV}, True),  # a verified passkey is a passkey
        ({PASSWORD, TOTP, PASSKEY}, False),  # and not the other way round
        ({PASSWORD, TOTP, PASSKEY_UV}, True),
        ({PASSWORD, TOTP, FACE}, False),
        ({PASSWORD, PASSKEY, LOGIN_CODE}, True),
        (set(Factor), True),
    ],
)
def test_a_stricter_policy_asks_for_all_of_a_combination(done: set[Factor], opens: bool) -> None:
    assert policy(STRICT).opens(done) is opens


def test_the_next_factors_are_those_that_the_user_has_all_of() -> None:
    strict = policy(STRICT)
    assert strict.next_factors({PASSWORD}, usable={FACE, TOTP}) == frozenset()
    assert strict.next_factors({PASSWORD}, usable={FACE, PASSKEY}) == {FACE, PASSKEY}
    assert strict.next_factors({PASSWORD, FACE}, usable={FACE, PASSKEY}) == {PASSKEY}
    assert strict.next_factors({PASSWORD}, usable={PASSKEY_UV, TOTP}) == {PASSKEY_UV, TOTP}


@given(done=st.frozensets(st.sampled_from(Factor)), usable=st.frozensets(st.sampled_from(Factor)))
def test_whoever_does_what_is_offered_gets_in(
    done: frozenset[Factor], usable: frozenset[Factor]
) -> None:
    """No offer leads into a corner, and nothing is offered that the user has not got."""
    strict, held = policy(STRICT), set(done)
    for _ in Factor:
        if strict.opens(held) or not (offer := strict.next_factors(held, usable=usable)):
            break
        assert offer <= implied(usable) - implied(held)
        held.add(min(offer))
    has_all = any(c <= implied(done | usable) for c in strict.combinations)
    if strict.next_factors(done, usable=usable):
        assert has_all
    if has_all and not strict.opens(done):
        assert strict.opens(held)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "''.*no factor"),
        ("password", "password alone"),
        ("password+face", "no way in without a face"),
        ("password+face | password+face+totp", "no way in without a face"),
        ("face+totp", "nothing begins"),
        ("password+totp | totp", "nothing begins"),
        ("password+iris", "'iris'.*no factor"),
        ("password+totp |", "''.*no factor"),
        ("password + password", "twice"),
        ("passkey", "nothing begins"),  # touched, but by whom
    ],
)
def test_a_policy_that_cannot_be_or_must_not_be_stops_the_start(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        policy(text)


def test_a_policy_is_written_as_it_is_read() -> None:
    assert str(policy(DEFAULT_POLICY)) == DEFAULT_POLICY
    assert str(policy(" face + password|passkey-uv ")) == "password+face | passkey-uv"


def test_a_role_has_its_own_policy_or_that_of_everyone() -> None:
    settings = read_settings(
        {
            "COUNTENANCE_FACTORS": "password+totp",
            "COUNTENANCE_FACTORS_ADMINISTRATOR": "password+passkey-uv",
            "COUNTENANCE_FACTORS_STEP_UP": "passkey, totp",
        }
    )
    policies = read_policies(settings.factors)
    assert str(policies.for_role("administrator")) == "password+passkey-uv"
    assert str(policies.for_role("viewer")) == "password+totp"
    assert policies.step_up == {PASSKEY, TOTP}


def test_the_setting_that_is_wrong_is_named() -> None:
    with pytest.raises(ConfigurationError, match="COUNTENANCE_FACTORS_OFFICER"):
        read_policies(FactorSettings(officer="face"))
    with pytest.raises(ConfigurationError, match="COUNTENANCE_FACTORS_STEP_UP"):
        read_policies(FactorSettings(step_up=("smile",)))
    with pytest.raises(ConfigurationError, match="names no factor"):
        parse_factors((), source="X")


def test_an_act_is_confirmed_by_what_the_user_has_else_by_the_password() -> None:
    policies = read_policies(FactorSettings())
    assert policies.confirming({PASSWORD, LOGIN_CODE, RECOVERY}) == {PASSWORD}
    assert policies.confirming({PASSWORD, TOTP}) == {TOTP}
    assert policies.confirming({PASSWORD, FACE, PASSKEY_UV}) == {FACE, PASSKEY}


@pytest.mark.parametrize(
    ("factors", "names"),
    [
        ((FACE, PASSWORD), ("pwd", "face")),
        ((PASSWORD, PASSKEY), ("pwd", "pop")),
        ((PASSKEY_UV,), ("pop", "user", "mfa")),
        ((PASSWORD, TOTP, LOGIN_CODE), ("pwd", "otp")),
    ],
)
def test_methods_are_named_as_rfc_8176_does(
    factors: tuple[Factor, ...], names: tuple[str, ...]
) -> None:
    assert amr(factors) == names
