"""What makes a password acceptable, and what hashing it costs."""

from __future__ import annotations

import threading

import argon2
import pytest
from argon2 import Type
from hypothesis import given
from hypothesis import strategies as st

from countenance.identity.common_passwords import COMMON_PASSWORDS
from countenance.identity.errors import WeakPasswordError
from countenance.identity.passwords import (
    CONCURRENT_HASHES,
    MAX_LENGTH,
    MIN_LENGTH,
    Hasher,
    check_strength,
)
from countenance.identity.tokens import ALPHABET, bare_code, new_code, new_token


class CountingArgon2(argon2.PasswordHasher):
    """Counts what is verified, and how many at a time."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.verified: list[str | bytes] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self.pause = threading.Event()
        self.pause.set()

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002
        with self._lock:
            self.verified.append(hash)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        self.pause.wait(5)
        try:
            return super().verify(hash, password)
        finally:
            with self._lock:
                self._at_once -= 1


@pytest.mark.parametrize(
    "password",
    [
        "",
        "seven77",
        "password",
        "PassWord1",
        "\uff50assword",  # full-width p
        "12345678",
        "aaaaaaaaaaaa",
        "abababababab",
        "3456789:",
        "zyxwvuts",
        "ada.lovelace",
        "Ada.Lovelace2024!",
        "x" * (MAX_LENGTH + 1),
    ],
)
def test_what_is_tried_first_is_refused_with_a_remedy(password: str) -> None:
    with pytest.raises(WeakPasswordError) as caught:
        check_strength(password, name="ada.lovelace@example.org")
    assert caught.value.remedy


@pytest.mark.parametrize(
    "password", ["tall trees bend", "kö8ß🙂zwé", "ada likes figs", "x1" + "ab" * 127]
)
def test_no_composition_is_asked_for(password: str) -> None:
    check_strength(password, name="ada")


@given(st.text(min_size=12, max_size=MAX_LENGTH))
def test_a_long_password_is_refused_for_a_reason_only(password: str) -> None:
    try:
        check_strength(password, name="ada")
    except WeakPasswordError as error:
        assert error.remedy


def test_the_list_holds_what_the_length_rule_lets_through() -> None:
    assert len(COMMON_PASSWORDS) > 300
    assert all(len(word) >= MIN_LENGTH and word == word.lower() for word in COMMON_PASSWORDS)


def test_the_products_cost_is_that_of_rfc_9106() -> None:
    stored = Hasher().hash_new("tall trees bend", name="ada")
    parameters = argon2.extract_parameters(stored)
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (65536, 3, 4)
    assert parameters.salt_len == 16


def test_without_a_hash_the_same_work_is_done_in_vain() -> None:
    argon2_ = CountingArgon2()
    hasher = Hasher(argon2_)
    stored = hasher.hash_new("tall trees bend", name="ada")
    assert hasher.verify(stored, "tall trees bend")
    assert not hasher.verify(None, "tall trees bend")
    known, unknown = argon2_.verified
    assert argon2.extract_parameters(str(known)) == argon2.extract_parameters(str(unknown))


def test_a_hash_that_is_none_lets_nobody_in() -> None:
    hasher = Hasher(CountingArgon2())
    for damaged in ("", "x", "$argon2id$v=19$m=64,t=1,p=1$"):
        assert not hasher.verify(damaged, "tall trees bend")


def test_only_so_many_hashes_are_made_at_a_time() -> None:
    argon2_ = CountingArgon2()
    hasher = Hasher(argon2_)
    argon2_.pause.clear()
    threads = [
        threading.Thread(target=hasher.verify, args=(None, "tall trees bend"))
        for _ in range(3 * CONCURRENT_HASHES)
    ]
    for thread in threads:
        thread.start()
    while len(argon2_.verified) < CONCURRENT_HASHES:
        threading.Event().wait(0.001)
    argon2_.pause.set()
    for thread in threads:
        thread.join()
    assert len(argon2_.verified) == len(threads)
    assert argon2_.most_at_once == CONCURRENT_HASHES


def test_codes_and_tokens_do_not_repeat() -> None:
    assert len({new_token() for _ in range(1000)}) == 1000
    assert len({new_code(2) for _ in range(1000)}) == 1000
    assert all(len(new_token()) == 43 for _ in range(10))


@given(st.integers(min_value=1, max_value=5))
def test_a_code_survives_how_people_type_it(groups: int) -> None:
    code = new_code(groups)
    assert set(code) <= set(ALPHABET + "-")
    assert (
        bare_code(f" {code.lower()} ") == bare_code(code.replace("-", "")) == code.replace("-", "")
    )
