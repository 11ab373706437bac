"""The words of pages that are not the camera's: reasons, roles, faces, times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from flask import Flask
from markupsafe import Markup

from countenance.ceremony.verdict import Reason
from countenance.events import Tag
from countenance.identity.factor_interfaces import CodeOutcome, PasskeyRefusal
from countenance.identity.interfaces import AuditEvent, FaceState, Role, UserState
from countenance.identity.throttles import Slowed
from countenance.identity.throttling import Tried
from countenance.pad.species import PaiSpecies

REASONS: Final[Mapping[str, str]] = {
    Reason.TIMED_OUT: "The time was up before enough clear frames came together.",
    Reason.NO_FACE: "No face was in the picture.",
    Reason.POOR_QUALITY: "No frame was clear enough: light, distance or position.",
    Reason.SEVERAL_FACES: "More than one face stayed in the picture.",
    Reason.NOT_MATCHED: "The face was another person's.",
    Reason.PRESENTATION_ATTACK: "The camera saw a picture, a screen or a mask.",
    Reason.FACE_CHANGED: "Another face took the place of the first.",
    Reason.CHALLENGE_UNANSWERED: "A move that was asked for was not made in time.",
    Reason.CHALLENGE_WRONG: "Another move was made than the one asked for, or too early.",
    Reason.FLAT_PICTURE: "The face turned as a flat picture does.",
    Reason.SHALLOW_TURN: "The face turned with no more depth than a bent picture has.",
    Reason.COLOUR_IGNORED: "The face changed its colour, but not as the screen did.",
    Reason.COLOUR_UNSEEN: "The colours of the screen did not show on the face: too much light, "
    "too dim a screen, or no face before it.",
    Reason.FROZEN: "The same picture came again and again, as no camera sends it.",
    Reason.LOOPED: "A stretch of pictures came round again, as a clip in a loop does.",
    Reason.REPLAYED: "Pictures came that had been sent before: a recorded login or enrolment.",
    Reason.VIRTUAL_CAMERA: "The browser's camera was a program, not a device.",
    Reason.IMPOSSIBLE_TIMING: "The pictures came at times that cannot be.",
    Reason.NOT_ENROLLED: "No face that can be compared is enrolled.",
    Reason.OTHER_PACK: "The face is enrolled for another model pack: it has to be enrolled again.",
    Reason.PROTOCOL: "The browser sent something that is no camera picture.",
    Reason.INTERRUPTED: "The connection broke before the end.",
    Reason.ENGINE_FAILED: "Face recognition failed on the server.",
    CodeOutcome.WRONG: "The code of the authenticator app was wrong, too old or used.",
    CodeOutcome.NONE: "No authenticator app that can be read is set up.",
    CodeOutcome.LOCKED: "Too many wrong codes of the authenticator app came in a row.",
    PasskeyRefusal.NOT_ASKED: "The passkey answered too late, or twice.",
    PasskeyRefusal.UNKNOWN: "The passkey is not one of this user, or of nobody.",
    PasskeyRefusal.WRONG: "The answer of the passkey was not right.",
    PasskeyRefusal.COUNTER: "The passkey's counter did not rise: a copy of it may be in use.",
    "password_wrong": "The password was wrong.",  # nosec B105 # a sentence, not a secret
    "recovery_code_wrong": "The recovery code was wrong or used.",
}

METHODS: Final[Mapping[str, str]] = {
    "pwd": "password",  # nosec B105 # the name of a method
    "face": "face",
    "otp": "one-time code",
    "pop": "passkey",
}
"""Methods of a session (RFC 8176)."""

ATTEMPTS: Final[Mapping[Tag, str]] = {
    Tag.LOGIN_REFUSED: "Face refused",
    Tag.PASSWORD_REFUSED: "Password refused",
    Tag.LOGIN_CODE_REFUSED: "Login code refused",
    Tag.FACTOR_REFUSED: "Second factor refused",
    Tag.STEP_UP_REFUSED: "Confirmation refused",
    Tag.VERIFICATION_REFUSED: "Face refused for another app",
    Tag.FACE_ENROLMENT_REFUSED: "Enrolment refused",
}

ROLES: Final[Mapping[Role, str]] = {
    Role.VIEWER: "Opens the apps and the own account",
    Role.OPERATOR: "Works at the station, and opens the apps",
    Role.OFFICER: "Runs elections; enrols faces, approves them and gives login codes",
    Role.ADMINISTRATOR: "Manages people, roles and this installation",
    Role.AUDITOR: "Reads the audit trail and refused attempts, changes nothing",
}

FILTERS: Final[Mapping[str, Mapping[str, str]]] = {
    "role": {role.value: role.value.capitalize() for role in Role},
    "state": {
        UserState.ENABLED: "Enabled",
        UserState.WAITING: "No password yet",
        UserState.DISABLED: "Disabled",
    },
    "face": {
        FaceState.ENROLLED: "With a face",
        FaceState.NONE: "Without a face",
        FaceState.OTHER_PACK: "To enrol again",
        FaceState.PENDING: "Waits for approval",
    },
}
"""What a list of people can be narrowed down to: name of the choice, value, words."""
SPECIES: Final[Mapping[str, str]] = {
    PaiSpecies.PRINT: "Print on paper",
    PaiSpecies.REPLAY_PHONE: "Phone or tablet",
    PaiSpecies.REPLAY_MONITOR: "Monitor, laptop or television",
    PaiSpecies.REPLAY: "Another screen",
    PaiSpecies.PAPER_MASK: "Paper mask",
    PaiSpecies.MASK_3D: "Mask with the shape of a face",
    PaiSpecies.UNKNOWN: "Something else",
}
"""What is held before the camera."""


def reason(event: AuditEvent) -> str:
    """The exact reason of a refused attempt, for its owner and the administration."""
    code = event.details.get("reason", "")
    if code in REASONS:
        return REASONS[code]
    if code == "disabled":
        return "The user is disabled."
    if event.tag is Tag.PASSWORD_REFUSED:
        return "The password was wrong." if event.subject_id else "No user has that name."
    if event.tag is Tag.LOGIN_CODE_REFUSED:
        return "The code was wrong, used or expired."
    return code


def attempt(event: AuditEvent) -> str:
    """What kind of attempt it was."""
    return ATTEMPTS.get(event.tag, event.tag.value)


TRIED: Final[Mapping[Tried, str]] = {
    Tried.PASSWORD: "Password",
    Tried.FACE: "Face",
    Tried.CODE: "Code",
}


def slowed(slow: Slowed) -> str:
    """Why somebody may not try now, for the administration."""
    place = "on a known device" if slow.is_known_device else "on unknown devices"
    if slow.decision.is_shut:
        return f"{TRIED[slow.factor]} {place}: shut until another way in succeeds."
    times = f"{slow.failures} wrong in a row"
    return f"{TRIED[slow.factor]} {place}: {times}, the next try in {slow.decision.wait_s} s."


def methods(names: Iterable[str]) -> str:
    """How somebody came in, in words; names that only say that methods are several are left out."""
    return " and ".join(METHODS[name] for name in names if name in METHODS)


def moment(at: datetime | None) -> Markup:
    """A time that the browser turns into its own zone and words; `never` for None."""
    if at is None:
        return Markup("never")
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}" data-moment>{}</time>').format(
        utc.isoformat(timespec="seconds"), utc.strftime("%d %b %Y, %H:%M UTC")
    )


def lower_first(text: str) -> str:
    """A sentence's beginning as a part of another sentence."""
    return text[:1].lower() + text[1:]


def register_filters(app: Flask) -> None:
    """Make the words available to templates."""
    app.add_template_filter(reason, "reason")
    app.add_template_filter(attempt, "attempt")
    app.add_template_filter(moment, "moment")
    app.add_template_filter(methods, "methods")
    app.add_template_filter(lower_first, "lower_first")
    app.add_template_filter(slowed, "slowed")
    app.jinja_env.globals["ROLES"] = ROLES
    app.jinja_env.globals["FILTERS"] = FILTERS
    app.jinja_env.globals["SPECIES"] = SPECIES
