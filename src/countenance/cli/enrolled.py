"""The enrolled faces as a gallery, for 1:N comparison on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from countenance.cli.context import Session

if TYPE_CHECKING:
    from countenance.biometrics.identification import Gallery
    from countenance.biometrics.templates import Template
    from countenance.identity.interfaces import UserId
    from countenance.vision.engine import Engine


def open_gallery(session: Session, engine: Engine) -> Gallery:
    """All templates that this engine can compare with and that can be decrypted, by user id."""
    gallery, unreadable = session.container.identity.faces.of_pack(engine.pack)
    if unreadable:
        names = ", ".join(sorted(user_names(session, unreadable).values()))
        session.note(f"Left out, for their faces cannot be decrypted: {names}. Enrol them anew.")
    return gallery


def threshold_for(session: Session, engine: Engine, gallery: Gallery) -> float:
    """From which similarity on a probe is named as one of this gallery."""
    fpir = session.settings.engine.fpir
    return engine.thresholds.identification(enrolled=len(gallery), fpir=fpir)


def user_names(session: Session, user_ids: Iterable[str]) -> dict[str, str]:
    """User id to login name."""
    from countenance.identity.interfaces import UserId

    users = session.container.identity.users
    return {user_id: users.get(UserId(user_id)).name for user_id in user_ids}


def duplicates(
    session: Session, engine: Engine, gallery: Gallery, *, template: Template, own: UserId
) -> list[str]:
    """Login names of other users whose enrolled face this may be.

    Every find is written to the audit trail.
    """
    from countenance.events import Tag

    threshold = threshold_for(session, engine, gallery)
    found = gallery.look_alikes(template, threshold=threshold, limit=6)
    names = user_names(session, [candidate.key for candidate in found if candidate.key != own])
    for other in names:
        session.container.identity.audit.append(
            Tag.FACE_DUPLICATE_FOUND, subject_id=own, details={"other": other}
        )
    return list(names.values())
