"""What `countenance doctor` looks at, one function per matter."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from countenance.cli.context import Session
from countenance.errors import CountenanceError

PACKAGES: Final = ("flask", "gunicorn", "numpy", "onnxruntime", "opencv-python-headless")
LEAST_FREE_BYTES: Final = 200_000_000
MIN_PYTHON: Final = (3, 11)
_UNLISTED: Final = (
    "Delete what is not needed; a file of a pack is listed by countenance models install, a "
    "detector by countenance pad promote."
)


class Health(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    """Stable name for machines."""
    health: Health
    found: str
    """What was seen."""
    remedy: str = ""
    """What to do about it; empty when nothing needs doing."""


def examine(session: Session) -> Iterator[Finding]:
    """All findings, in the order in which a start would meet them."""
    for name, check in _CHECKS.items():
        try:
            yield from check(session)
        except CountenanceError as error:
            yield Finding(name, Health.FAIL, error.message, error.remedy)


def _settings(session: Session) -> Iterator[Finding]:
    yield Finding("settings", Health.OK, f"home directory {session.settings.home}")


def _python(_session: Session) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    fits = sys.version_info >= MIN_PYTHON
    remedy = "" if fits else "Use Python 3.11 or later."
    yield Finding("python", Health.OK if fits else Health.FAIL, f"Python {version}", remedy)
    versions = {name: _version(name) for name in PACKAGES}
    missing = [name for name, version in versions.items() if not version]
    told = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
    remedy = "Install the package again: make run, or pip install countenance." if missing else ""
    yield Finding("packages", Health.FAIL if missing else Health.OK, told, remedy)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _home(session: Session) -> Iterator[Finding]:
    from countenance.bootstrap import prepare_home

    home = session.settings.home
    prepare_home(home)
    free = shutil.disk_usage(home).free
    told = f"writable, {free / 1e9:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        yield Finding("home", Health.WARN, told, "Free some space before the disk is full.")
    else:
        yield Finding("home", Health.OK, told)
    yield from _private("home", home)


def _private(check: str, path: Path) -> Iterator[Finding]:
    """A finding only when others than the owner may look inside."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        wanted = "700" if path.is_dir() else "600"
        yield Finding(
            check,
            Health.WARN,
            f"{path} is open to other users of this machine (mode {mode:o})",
            f"Run: chmod {wanted} {path}",
        )


def _database(session: Session) -> Iterator[Finding]:
    identity = session.container.identity
    kind = session.settings.database_url.partition(":")[0]
    people = identity.users.list_users(limit=1)
    told = f"{kind}, schema up to date, {people.total} users, {people.enrolled} with a face"
    yield Finding("database", Health.OK, told)
    if not identity.users.is_set_up():
        yield Finding(
            "administrator",
            Health.WARN,
            "there is no administrator yet",
            "Open the setup link that countenance run prints, or: "
            "countenance users add NAME --administrator",
        )


def _keys(session: Session) -> Iterator[Finding]:
    if session.settings.master_key is not None:
        yield Finding("keys", Health.OK, "master key from COUNTENANCE_MASTER_KEY")
        return
    path = session.settings.home / "keys" / "master.key"
    if not path.exists():
        yield Finding("keys", Health.FAIL, f"{path} is missing", "Restore it from a backup.")
        return
    yield Finding("keys", Health.OK, f"{path}; keep a copy apart from the database")
    yield from _private("keys", path.parent)
    yield from _private("keys", path)


def _models(session: Session) -> Iterator[Finding]:
    from countenance.cli.models import find_models
    from countenance.cli.models_manifest import manifest_state

    for model in find_models(session, checks=True):
        name = f"{model.name} {model.version}"
        if model.problem:
            yield Finding("models", Health.FAIL, f"{name}: {model.problem}", model.remedy)
        else:
            yield Finding("models", Health.OK, f"{name}: digest as on its card")
    state = manifest_state(session)
    health = Health.FAIL if state.problem else Health.OK
    yield Finding("models", health, f"manifest: {state.told}", state.remedy)
    if state.unlisted:
        told = ", ".join(state.unlisted[:3]) + (", ..." if len(state.unlisted) > 3 else "")
        yield Finding("models", Health.WARN, f"not listed, not loaded: {told}", _UNLISTED)


def _faces(session: Session) -> Iterator[Finding]:
    from countenance.cli.users import pack_identity

    pack = pack_identity(session)
    counts = session.container.identity.users.count_faces()
    other = {name: count for name, count in counts.items() if name != pack}
    told = f"{counts.get(pack, 0)} of {sum(counts.values())} enrolled with the pack in use, {pack}"
    if not other:
        yield Finding("faces", Health.OK, told)
        return
    packs = ", ".join(f"{count} with {name}" for name, count in sorted(other.items()))
    yield Finding(
        "faces",
        Health.WARN,
        f"{told}; {packs}, who cannot log in by face",
        "Have them enrol again (countenance users list names them), or set COUNTENANCE_ENGINE_PACK "
        "to the pack they were enrolled with.",
    )


def _presentation_attacks(session: Session) -> Iterator[Finding]:
    from countenance.cli.second_opinion import (
        ADVICE,
        pad_card_in_use,
        second_opinion,
    )
    from countenance.vision.packs import shipped_pack
    from countenance.vision.pad_card import read_pad_card
    from countenance.vision.pad_fusion import FUSION_PACK, SecondOpinionState, fusion_of

    card, pack = read_pad_card(pad_card_in_use(session)), shipped_pack(FUSION_PACK)
    state, fused = second_opinion(session), fusion_of(pack).figures
    name, figures, remedy = f"{card.name} {card.version}", card.figures, ""
    if state is SecondOpinionState.USED:
        name, figures = f"{name} fused with the pack {pack.name}", fused
    elif state is SecondOpinionState.MISSING:
        remedy = f"{ADVICE} (eer {fused['eer']:.3f} in the same test)"
    if not figures:
        remedy = "Measure it, or unset COUNTENANCE_PAD_CARD for the shipped one."
    yield Finding(
        "presentation_attacks",
        Health.OK if figures else Health.WARN,
        f"{name}, {worth_of(figures)}; a passive check stops casual pictures and screens, not a "
        "forged camera feed",
        remedy,
    )


def _calibration(session: Session) -> Iterator[Finding]:
    from countenance.cli.second_opinion import pad_card_in_use, second_opinion
    from countenance.vision.packs import shipped_pack
    from countenance.vision.pad_card import read_pad_card
    from countenance.vision.pad_fusion import (
        FUSION_PACK,
        SecondOpinionState,
        fused_fingerprint,
        fusion_of,
    )

    card, pack = read_pad_card(pad_card_in_use(session)), shipped_pack(FUSION_PACK)
    fingerprint, expected, bounds = card.fingerprint, card.expected_log_odds, card.shift_bounds
    if second_opinion(session) is SecondOpinionState.USED:
        fusion = fusion_of(pack)
        fingerprint = fused_fingerprint(fingerprint, pack.identity, fusion)
        expected, bounds = fusion.expected_log_odds, fusion.shift_bounds
    if session.settings.engine.pad_calibration == "off":
        yield Finding("calibration", Health.OK, "off; every camera has the detector's threshold")
    elif expected is None or not (bounds.fall or bounds.rise):
        told = "the detector in use has no measured bounds; no camera moves its threshold"
        yield Finding("calibration", Health.OK, told)
    else:
        yield Finding("calibration", Health.OK, _known_cameras(session, fingerprint))


def _known_cameras(session: Session, fingerprint: str) -> str:
    counts = session.container.identity.cameras.count_cameras()
    known, other = counts.get(fingerprint, 0), sum(counts.values()) - counts.get(fingerprint, 0)
    told = "1 known camera has" if known == 1 else f"{known} known cameras have"
    told += " a threshold of their own" if known != 1 else " a threshold of its own"
    if other:
        told += f"; {other} of another detector will be learned anew"
    if session.settings.login.policy == "passive":
        told += "; with the policy passive only watched enrolments teach"
    return told


def worth_of(figures: Any) -> str:
    """A card's figures as a phrase; says so when there are none."""
    if not figures:
        return "its card gives no measured figures"
    names = ("eer", "bpcer", "apcer_worst", "auc", "n_bona_fide", "n_attack")
    values = {name: found for name in names if (found := _find(figures, name)) is not None}
    if not values:
        return "figures: see its card"
    told = ", ".join(
        f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
    )
    return f"on sources held out of training: {told}"


def _find(figures: Any, name: str) -> float | int | None:
    """The first number of that name, outermost first."""
    if not isinstance(figures, dict):
        return None
    direct = figures.get(name)
    if isinstance(direct, int | float):
        return direct
    inner = (_find(value, name) for value in figures.values())
    return next((value for value in inner if value is not None), None)


def _port(session: Session) -> Iterator[Finding]:
    from countenance.cli.server import answers, listen

    server = session.settings.server
    try:
        listen(server).close()
    except CountenanceError as error:
        if answers(server, limit_s=1.0):
            told = f"port {server.port} is in use by a web server"
            yield Finding("port", Health.WARN, told, f"If that is not Countenance: {error.remedy}")
        else:
            yield Finding("port", Health.FAIL, error.message, error.remedy)
        return
    yield Finding("port", Health.OK, f"port {server.port} on {server.host} is free")


def _cameras(_session: Session) -> Iterator[Finding]:
    from countenance.images.video import list_cameras

    devices = list_cameras()
    if not devices:
        told = "none on this machine; browsers use their own, so the web pages need none here"
        yield Finding("cameras", Health.OK, told)
        return
    shut = [path for path in devices if not os.access(path, os.R_OK | os.W_OK)]
    told = ", ".join(str(path) for path in devices)
    remedy = "Add your user to the group video, then log in again." if shut else ""
    yield Finding("cameras", Health.WARN if shut else Health.OK, told, remedy)


def _https(session: Session) -> Iterator[Finding]:
    from countenance.cli.run import is_loopback

    server = session.settings.server
    if is_loopback(server.host):
        told = "this machine only; browsers allow the camera on http://localhost"
        yield Finding("https", Health.OK, told)
    elif server.origins:
        yield Finding("https", Health.OK, f"expected at {', '.join(server.origins)}")
    else:
        yield Finding(
            "https",
            Health.WARN,
            f"listens on {server.host} without a public origin",
            "Browsers elsewhere open cameras over HTTPS only: put a reverse proxy with a "
            "certificate before it and set COUNTENANCE_ORIGINS.",
        )


_CHECKS: Final[dict[str, Callable[[Session], Iterator[Finding]]]] = {
    "settings": _settings,
    "python": _python,
    "home": _home,
    "database": _database,
    "keys": _keys,
    "models": _models,
    "faces": _faces,
    "presentation_attacks": _presentation_attacks,
    "calibration": _calibration,
    "port": _port,
    "cameras": _cameras,
    "https": _https,
}
