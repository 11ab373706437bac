"""A self-made certificate: for whom it is, how long, and when it is made anew."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from countenance.cli.certificates import (
    LIFETIME,
    RENEWED_BEFORE,
    Names,
    fingerprint,
    is_due,
    make_certificate,
    names_of,
)
from countenance.cli.tls import Contexts, ensure_certificate, machine_names, prepare_tls
from countenance.errors import ConfigurationError
from countenance.settings import ServerSettings, Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = names_of(["localhost", "127.0.0.1", "::1", "Door.lan"])


@pytest.fixture(scope="module")
def pem() -> bytes:
    return make_certificate(NAMES, now=NOW)


def test_names_are_sorted_and_odd_ones_left_out() -> None:
    given = ["Door.lan", "192.0.2.7", "fe80::1%eth0", "::0001", "", "a_b", "-", "döör", "x" * 70]
    assert names_of(given) == Names(
        frozenset({"door.lan"}), frozenset({"192.0.2.7", "fe80::1", "::1"})
    )


def test_it_is_for_a_server_of_these_names_and_no_authority(pem: bytes) -> None:
    made = x509.load_pem_x509_certificate(pem)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "door.lan"}
    addresses = {str(one) for one in names.get_values_for_type(x509.IPAddress)}
    assert addresses == {"127.0.0.1", "::1"}
    basics = made.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not basics.ca
    assert made.not_valid_after_utc - made.not_valid_before_utc < timedelta(days=398)
    made.verify_directly_issued_by(made)
    digits = fingerprint(pem).split(":")
    assert len(digits) == 32
    assert all(len(pair) == 2 and pair == pair.upper() for pair in digits)


@pytest.mark.parametrize(
    ("age", "is_over"),
    [
        (timedelta(0), False),
        (LIFETIME - RENEWED_BEFORE - timedelta(seconds=1), False),
        (LIFETIME - RENEWED_BEFORE, True),
        (timedelta(days=-2), True),  # the clock was set back to before it is good
    ],
)
def test_it_is_made_anew_a_month_before_its_end(
    pem: bytes, age: timedelta, *, is_over: bool
) -> None:
    assert is_due(pem, NAMES, now=NOW + age) is is_over


def test_it_is_made_anew_when_the_machine_has_another_address(pem: bytes) -> None:
    assert not is_due(pem, names_of(["door.lan"]), now=NOW)
    assert is_due(pem, names_of(["door.lan", "192.0.2.8"]), now=NOW)


def test_the_file_is_kept_private_whole_and_as_long_as_it_is_good(tmp_path: Path) -> None:
    path, server = tmp_path / "tls" / "self-signed.pem", ServerSettings()
    ensure_certificate(path, server, now=NOW)
    first = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    ensure_certificate(path, server, now=NOW + timedelta(days=300))
    assert path.read_bytes() == first
    ensure_certificate(path, server, now=NOW + timedelta(days=340))
    assert path.read_bytes() != first
    path.write_bytes(b"damaged")
    ensure_certificate(path, server, now=NOW)
    assert fingerprint(path.read_bytes())
    assert [file.name for file in path.parent.iterdir()] == ["self-signed.pem"]


def test_a_running_server_shows_a_renewed_certificate(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="", server=ServerSettings(tls="self-signed"))
    tls = prepare_tls(settings)
    assert tls is not None
    contexts = Contexts(tls)
    first = contexts()
    assert contexts() is first
    assert first.minimum_version is ssl.TLSVersion.TLSv1_2
    before = tls.fingerprint
    tls.certificate.unlink()
    tls.renew()
    assert contexts() is not first
    assert tls.fingerprint != before
    kept = contexts()
    tls.certificate.write_bytes(b"half a file")
    assert contexts() is kept


def test_this_machine_has_its_names_and_the_address_it_listens_on() -> None:
    names = machine_names(ServerSettings(host="192.0.2.55"))
    assert "localhost" in names.hosts
    assert {"127.0.0.1", "::1", "192.0.2.55"} <= names.addresses


def test_without_a_wish_there_is_no_tls(tmp_path: Path) -> None:
    assert prepare_tls(Settings(home=tmp_path, database_url="")) is None
    assert list(tmp_path.iterdir()) == []


def test_an_own_certificate_is_taken_and_a_wrong_one_stops_the_start(
    tmp_path: Path, pem: bytes
) -> None:
    own, other = tmp_path / "own.pem", tmp_path / "other.pem"
    own.write_bytes(pem)
    other.write_bytes(make_certificate(NAMES, now=NOW))

    def settings(cert: Path, key: Path | None) -> Settings:
        server = ServerSettings(tls_cert=str(cert), tls_key=str(key or ""))
        return Settings(home=tmp_path, database_url="", server=server)

    tls = prepare_tls(settings(own, None))
    assert tls is not None
    assert tls.fingerprint == fingerprint(pem)
    for cert, key in ((own, other), (tmp_path / "none.pem", None), (tmp_path, None)):
        with pytest.raises(ConfigurationError, match="cannot be used"):
            prepare_tls(settings(cert, key))


@pytest.mark.parametrize("wrong", [{"tls": "on"}, {"tls_key": "key.pem"}])
def test_settings_that_make_no_sense_stop_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="COUNTENANCE_TLS"):
        ServerSettings(**wrong)  # type: ignore[arg-type]
