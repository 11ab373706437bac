"""Authenticator apps and recovery codes: what holds on every database."""

from __future__ import annotations

from collections.abc import Callable

import pyotp
import pytest

from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.authenticator_apps import WRONG_TRIES
from countenance.identity.errors import FactorUnreadableError
from countenance.identity.factor_interfaces import CodeOutcome
from countenance.identity.factor_policy import Factor
from countenance.identity.interfaces import Purpose, User
from countenance.identity.services import Identity
from tests.contract.support import add_viewer, all_rows, execute, outcomes


def code_of(secret: str, clock: ManualClock, *, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(clock.now().timestamp()) + 30 * steps)


def add_app(identity: Identity, user: User, clock: ManualClock) -> str:
    """Gives the user an app and lets its first code lapse; returns the secret."""
    secret = identity.authenticator_apps.begin(user.id)
    assert identity.authenticator_apps.confirm(user.id, code_of(secret, clock))
    clock.advance(60)
    return secret


def test_an_app_counts_from_its_first_right_code_on(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    apps = identity.authenticator_apps
    secret = apps.begin(admin.id)
    assert apps.draft(admin.id) == secret
    assert apps.added_at(admin.id) is None
    assert apps.use(admin.id, code_of(secret, clock)) is CodeOutcome.NONE
    assert not apps.confirm(admin.id, code_of(secret, clock, steps=9))
    assert apps.confirm(admin.id, code_of(secret, clock))
    assert apps.draft(admin.id) is None
    assert apps.added_at(admin.id) == clock.now()


def test_the_code_that_confirmed_opens_nothing_more(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    secret = identity.authenticator_apps.begin(admin.id)
    code = code_of(secret, clock)
    identity.authenticator_apps.confirm(admin.id, code)
    assert identity.authenticator_apps.use(admin.id, code) is CodeOutcome.WRONG


def test_a_code_is_used_once_even_by_two_at_a_time(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    secret = add_app(identity, admin, clock)
    code = code_of(secret, clock)
    done, _ = outcomes(
        lambda typed: identity.authenticator_apps.use(admin.id, typed), [code] * 4, error=KeyError
    )
    assert sorted(done) == [CodeOutcome.RIGHT] + [CodeOutcome.WRONG] * 3
    clock.advance(30)
    assert identity.authenticator_apps.use(admin.id, code) is CodeOutcome.WRONG
    assert identity.authenticator_apps.use(admin.id, code_of(secret, clock)) is CodeOutcome.RIGHT


def test_a_shown_secret_waits_a_quarter_of_an_hour(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    secret = identity.authenticator_apps.begin(admin.id)
    clock.advance(15 * 60)
    assert identity.authenticator_apps.draft(admin.id) is None
    assert not identity.authenticator_apps.confirm(admin.id, code_of(secret, clock))


def test_a_new_app_takes_the_place_of_the_old_one_once_it_works(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    old, apps = add_app(identity, admin, clock), identity.authenticator_apps
    new = apps.begin(admin.id)
    assert apps.use(admin.id, code_of(old, clock)) is CodeOutcome.RIGHT
    assert apps.confirm(admin.id, code_of(new, clock))
    clock.advance(60)
    assert apps.use(admin.id, code_of(old, clock)) is CodeOutcome.WRONG
    assert apps.use(admin.id, code_of(new, clock)) is CodeOutcome.RIGHT


def test_many_wrong_codes_shut_the_way_until_another_one_was_taken(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    secret, apps = add_app(identity, admin, clock), identity.authenticator_apps
    for _ in range(WRONG_TRIES):
        assert apps.use(admin.id, "12345x") is CodeOutcome.WRONG
    assert apps.use(admin.id, code_of(secret, clock)) is CodeOutcome.LOCKED
    apps.unlock(admin.id)
    assert apps.use(admin.id, code_of(secret, clock)) is CodeOutcome.RIGHT


def test_the_secret_is_nowhere_in_the_database(
    identity: Identity, admin: User, clock: ManualClock, database_url: str
) -> None:
    secret = add_app(identity, admin, clock)
    raw = pyotp.TOTP(secret).byte_secret()
    for _, row in all_rows(database_url):
        assert secret not in row
        assert repr(raw)[2:-1] not in row


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE authenticator_apps SET nonce = ciphertext",
        "UPDATE authenticator_apps SET user_id = :other",
        "UPDATE authenticator_apps SET is_draft = (1 = 1)",
    ],
)
def test_an_altered_or_moved_secret_cannot_be_read(
    identity: Identity, admin: User, clock: ManualClock, database_url: str, damage: str
) -> None:
    add_app(identity, admin, clock)
    bob = add_viewer(identity, "bob")
    values = {"other": bob.id} if ":other" in damage else {}
    assert execute(database_url, damage, **values) == 1
    for user in (admin, bob):
        with pytest.raises(FactorUnreadableError):
            # Whichever of the two rows is there now.
            identity.authenticator_apps.draft(user.id) or _must_be_there(identity, user)


def _must_be_there(identity: Identity, user: User) -> None:
    if identity.authenticator_apps.use(user.id, "123456") is CodeOutcome.NONE:
        raise FactorUnreadableError("none here")


def test_an_app_is_removed_and_goes_with_its_user(
    identity: Identity, admin: User, clock: ManualClock, database_url: str
) -> None:
    bob = add_viewer(identity, "bob")
    secret = add_app(identity, bob, clock)
    assert identity.authenticator_apps.remove(bob.id, actor=admin.id)
    assert not identity.authenticator_apps.remove(bob.id, actor=admin.id)
    assert identity.authenticator_apps.use(bob.id, code_of(secret, clock)) is CodeOutcome.NONE
    add_app(identity, bob, clock)
    identity.recovery_codes.make(bob.id)
    identity.users.remove(bob.id, actor=admin.id)
    tables = {table for table, _ in all_rows(database_url)}
    assert not tables & {"authenticator_apps", "recovery_codes"}


def test_each_recovery_code_works_once_for_its_user(identity: Identity, admin: User) -> None:
    codes, bob = identity.recovery_codes.make(admin.id), add_viewer(identity, "bob")
    assert len(set(codes)) == 10
    assert not identity.recovery_codes.use(bob.id, codes[0])
    assert identity.recovery_codes.use(admin.id, codes[0].lower().replace("-", " "))
    assert not identity.recovery_codes.use(admin.id, codes[0])
    left = identity.recovery_codes.left(admin.id)
    assert left is not None
    assert left.count == 9
    used = identity.audit.list_events(tags=(Tag.RECOVERY_CODE_USED,))
    assert [event.details["left"] for event in used] == ["9"]


def test_of_those_who_race_for_a_recovery_code_one_has_it(identity: Identity, admin: User) -> None:
    code = identity.recovery_codes.make(admin.id)[0]
    done, _ = outcomes(
        lambda typed: identity.recovery_codes.use(admin.id, typed), [code] * 4, error=KeyError
    )
    assert sorted(done) == [False, False, False, True]


def test_new_recovery_codes_lapse_the_old_ones(identity: Identity, admin: User) -> None:
    old, new = identity.recovery_codes.make(admin.id), identity.recovery_codes.make(admin.id)
    assert not identity.recovery_codes.use(admin.id, old[0])
    assert all(identity.recovery_codes.use(admin.id, code) for code in new)
    assert identity.recovery_codes.left(admin.id) is None
    identity.recovery_codes.make(admin.id)
    assert identity.recovery_codes.drop(admin.id, actor=admin.id)
    assert not identity.recovery_codes.drop(admin.id, actor=admin.id)


def test_recovery_codes_are_kept_as_keyed_hashes(
    identity: Identity, admin: User, database_url: str, open_another: Callable[..., Identity]
) -> None:
    codes = identity.recovery_codes.make(admin.id)
    rows = [row for table, row in all_rows(database_url) if table == "recovery_codes"]
    assert len(rows) == 10
    assert not any(code in row or code.replace("-", "") in row for code in codes for row in rows)
    assert open_another().recovery_codes.use(admin.id, codes[3])


def test_a_login_gathers_factors_and_is_used_once(identity: Identity, admin: User) -> None:
    transactions = identity.transactions
    token = transactions.begin(
        Purpose.LOGIN, user_id=admin.id, actor_id=None, address="", factors=(Factor.PASSWORD,)
    )
    after = transactions.add_factor(token, Factor.TOTP)
    assert after is not None
    assert after.factors == {Factor.PASSWORD, Factor.TOTP}
    assert transactions.complete(token) is None  # no camera has granted anything
    assert transactions.complete(token, is_enough=lambda t: Factor.FACE in t.factors) is None

    def enough(_: int) -> object:
        return transactions.complete(token, is_enough=lambda t: Factor.TOTP in t.factors)

    done, _ = outcomes(enough, range(4), error=KeyError)
    assert sum(found is not None for found in done) == 1
    assert transactions.add_factor(token, Factor.FACE) is None
