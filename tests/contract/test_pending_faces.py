"""Faces that wait for a second person: what holds on every database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from countenance.biometrics.templates import Template
from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.errors import NoPendingFaceError, OwnApprovalError, UserNotFoundError
from countenance.identity.interfaces import FaceState, Role, User, UserFilter, UserId
from countenance.identity.key_rotation import rotate_keys
from countenance.identity.pending_faces import LIFETIME
from countenance.identity.services import Identity
from countenance.settings import Settings
from tests.contract.support import PASSWORD, add_viewer, all_rows, outcomes


@pytest.fixture
def bob(identity: Identity, admin: User) -> User:
    return add_viewer(identity, "bob", actor=admin)


@pytest.fixture
def officer(identity: Identity) -> User:
    return identity.users.add(
        name="olga", display_name="Olga", password=PASSWORD, role=Role.OFFICER, actor=None
    )


def proposed(identity: Identity, user: User, template: Template, *, by: User) -> str:
    """Id of a face that `by` enrolled for `user`."""
    identity.pending_faces.propose(user.id, template, actor=by.id)
    face = identity.pending_faces.find(user.id)
    assert face is not None
    assert (face.enrolled_by, face.samples, face.pack) == (by.id, 3, template.pack)
    return face.id


def is_enrolled(identity: Identity, user: User, template: Template) -> bool:
    """Whether logins and searches know the face."""
    stored = identity.vault.load(user.id)
    gallery = identity.faces.of_pack(template.pack).gallery
    found = gallery.look_alikes(template, threshold=0.99, limit=5)
    is_found = user.id in {candidate.key for candidate in found}
    has_face = identity.users.get(user.id).face is not None
    assert (stored is not None) == is_found == has_face
    return has_face


def test_a_face_enrolled_by_somebody_else_opens_nothing_until_a_second_person_agrees(
    identity: Identity, admin: User, bob: User, officer: User, template: Template
) -> None:
    face_id = proposed(identity, bob, template, by=officer)
    assert not is_enrolled(identity, bob, template)
    identity.pending_faces.approve(bob.id, face_id, actor=admin.id)
    assert is_enrolled(identity, bob, template)
    assert identity.pending_faces.find(bob.id) is None
    events = identity.audit.list_events(subject_id=bob.id, limit=3)
    assert [(event.tag, event.actor_id) for event in reversed(events)] == [
        (Tag.FACE_PROPOSED, officer.id),
        (Tag.FACE_APPROVED, admin.id),
        (Tag.FACE_ENROLLED, officer.id),
    ]
    assert events[1].details["enrolled_by"] == officer.id


def test_nobody_approves_the_own_face_nor_one_they_enrolled(
    identity: Identity, admin: User, officer: User, template: Template
) -> None:
    face_id = proposed(identity, officer, template, by=admin)
    for actor in (admin, officer):
        with pytest.raises(OwnApprovalError):
            identity.pending_faces.approve(officer.id, face_id, actor=actor.id)
    assert not is_enrolled(identity, officer, template)
    assert identity.pending_faces.find(officer.id) is not None
    with pytest.raises(ValueError, match="own face"):
        identity.pending_faces.propose(admin.id, template, actor=admin.id)


def test_its_owner_may_agree_too(
    identity: Identity, admin: User, bob: User, template: Template
) -> None:
    identity.pending_faces.confirm(bob.id, proposed(identity, bob, template, by=admin))
    assert is_enrolled(identity, bob, template)
    (event,) = identity.audit.list_events(tags=(Tag.FACE_CONFIRMED,))
    assert (event.actor_id, event.details["enrolled_by"]) == (bob.id, admin.id)


def test_a_face_that_waits_replaces_nothing(
    identity: Identity, admin: User, bob: User, officer: User, template: Template
) -> None:
    def samples() -> int:
        stored = identity.vault.load(bob.id)
        return 0 if stored is None else len(stored.samples)

    identity.vault.store(bob.id, Template(template.samples[:2], template.pack), actor=None)
    face_id = proposed(identity, bob, template, by=admin)
    assert samples() == 2
    identity.pending_faces.reject(bob.id, face_id, actor=officer.id)
    assert samples() == 2
    identity.pending_faces.approve(
        bob.id, proposed(identity, bob, template, by=admin), actor=officer.id
    )
    assert samples() == 3


def test_what_was_not_looked_at_is_not_agreed_to(
    identity: Identity, admin: User, bob: User, officer: User, template: Template
) -> None:
    """Otherwise whoever enrols could exchange the face while the approver asks around."""
    looked_at = proposed(identity, bob, template, by=officer)
    proposed(identity, bob, template, by=officer)
    for decide in (
        lambda: identity.pending_faces.approve(bob.id, looked_at, actor=admin.id),
        lambda: identity.pending_faces.confirm(bob.id, looked_at),
        lambda: identity.pending_faces.reject(bob.id, looked_at, actor=admin.id),
        lambda: identity.pending_faces.confirm(UserId("\0"), looked_at),
    ):
        with pytest.raises(NoPendingFaceError):
            decide()
    assert identity.pending_faces.find(bob.id) is not None
    assert not is_enrolled(identity, bob, template)


def test_of_decisions_that_race_one_counts(
    identity: Identity, admin: User, bob: User, officer: User, template: Template
) -> None:
    face_id = proposed(identity, bob, template, by=officer)
    done, refused = outcomes(
        lambda n: (
            identity.pending_faces.approve(bob.id, face_id, actor=admin.id)
            if n % 2
            else identity.pending_faces.reject(bob.id, face_id, actor=admin.id)
        ),
        range(6),
        error=NoPendingFaceError,
    )
    assert (len(done), refused) == (1, 5)


def test_an_own_enrolment_and_an_erasure_end_the_waiting(
    identity: Identity, admin: User, bob: User, template: Template
) -> None:
    proposed(identity, bob, template, by=admin)
    identity.vault.store(bob.id, template, actor=None)
    assert identity.pending_faces.find(bob.id) is None
    proposed(identity, bob, template, by=admin)
    assert identity.vault.erase(bob.id, actor=admin.id)
    assert identity.pending_faces.find(bob.id) is None
    proposed(identity, bob, template, by=admin)
    assert identity.vault.erase(bob.id, actor=admin.id)  # there was no other face


def test_a_face_that_nobody_cares_for_is_erased(
    identity: Identity, admin: User, bob: User, template: Template, clock: ManualClock
) -> None:
    proposed(identity, bob, template, by=admin)
    clock.advance((LIFETIME - timedelta(seconds=1)).total_seconds())
    assert identity.purge_expired().pending_faces == 0
    clock.advance(1)
    assert identity.purge_expired().pending_faces == 1


def test_it_goes_with_its_user_and_stays_without_whoever_enrolled_it(
    identity: Identity,
    admin: User,
    bob: User,
    officer: User,
    template: Template,
    database_url: str,
) -> None:
    face_id = proposed(identity, bob, template, by=officer)
    identity.users.remove(officer.id, actor=admin.id)
    assert identity.pending_faces.among([bob.id, admin.id, UserId("x")]) == {bob.id}
    waiting = identity.users.list_users(UserFilter(face=FaceState.PENDING))
    assert [user.name for user in waiting.users] == ["bob"]
    identity.pending_faces.approve(bob.id, face_id, actor=admin.id)
    proposed(identity, bob, template, by=admin)
    identity.users.remove(bob.id, actor=admin.id)
    assert not [row for table, row in all_rows(database_url) if table == "pending_faces"]
    with pytest.raises(UserNotFoundError):
        identity.pending_faces.propose(bob.id, template, actor=admin.id)


def test_a_new_master_key_opens_a_face_that_waits(
    identity: Identity,
    admin: User,
    bob: User,
    template: Template,
    settings: Settings,
    clock: ManualClock,
    open_another: Callable[..., Identity],
) -> None:
    face_id = proposed(identity, bob, template, by=admin)
    assert rotate_keys(settings, clock=clock).templates == 1
    after = open_another()
    after.pending_faces.confirm(bob.id, face_id)
    assert is_enrolled(after, bob, template)
