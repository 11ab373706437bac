"""What is known of cameras: what holds on every database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from countenance.biometrics.templates import Template
from countenance.ceremony.verdict import Verdict
from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.camera_calibrations import MAX_CAMERAS
from countenance.identity.interfaces import (
    CameraKey,
    CameraLesson,
    Device,
    DeviceId,
    Purpose,
    User,
)
from countenance.identity.services import Identity
from countenance.pad.camera import CameraScores
from tests.contract.support import add_viewer, all_rows

CAMERA = CameraKey(640, 480, "c" * 64)
ONE, OTHER = "1" * 64, "2" * 64
LESSON = CameraLesson(CAMERA, ONE, CameraScores(1, 40, 1.5, 0.5))


@pytest.fixture
def device(identity: Identity, admin: User) -> Device:
    return identity.devices.remember(None, admin.id, label="Desk").device


def completed(identity: Identity, user: User, lesson: CameraLesson | None = LESSON) -> str:
    """The id of a login by face that ended well, with what it saw of its camera."""
    own = identity.transactions
    token = own.begin(Purpose.LOGIN, user_id=user.id, actor_id=None, address="")
    found = own.find(token)
    assert found is not None
    own.finish(found.id, Verdict.granted())
    if lesson is not None:
        identity.cameras.propose(found.id, lesson)
    assert own.complete(token) is not None
    return found.id


def teach(identity: Identity, user: User, device: Device, lesson: CameraLesson = LESSON) -> None:
    assert identity.cameras.confirm(completed(identity, user, lesson), device)


def test_a_completed_login_teaches_its_device(
    identity: Identity, admin: User, device: Device, clock: ManualClock
) -> None:
    assert identity.cameras.find(device.id, CAMERA, detector=ONE) is None
    teach(identity, admin, device)
    assert identity.cameras.find(device.id, CAMERA, detector=ONE) == LESSON.scores
    (known,) = identity.cameras.list_cameras(admin.id)
    assert (known.device_id, known.camera, known.detector) == (device.id, CAMERA, ONE)
    assert known.learned_at == clock.now()
    assert identity.cameras.count_cameras() == {ONE: 1}


def test_further_logins_are_added_up(identity: Identity, admin: User, device: Device) -> None:
    teach(identity, admin, device)
    teach(identity, admin, device, replace(LESSON, scores=CameraScores(1, 20, 0.5, 0.3)))
    found = identity.cameras.find(device.id, CAMERA, detector=ONE)
    assert found is not None
    assert (found.logins, found.frames, found.centre) == (2, 60, pytest.approx(1.0))


def test_a_lesson_counts_once_and_only_when_its_login_is_completed(
    identity: Identity, admin: User, device: Device
) -> None:
    own = identity.transactions
    token = own.begin(Purpose.LOGIN, user_id=admin.id, actor_id=None, address="")
    pending = own.find(token)
    assert pending is not None
    identity.cameras.propose(pending.id, LESSON)
    assert not identity.cameras.confirm(pending.id, device), "it was never granted"
    done = completed(identity, admin)
    assert identity.cameras.confirm(done, device)
    assert not identity.cameras.confirm(done, device)
    assert not identity.cameras.confirm("nothing", device)
    found = identity.cameras.find(device.id, CAMERA, detector=ONE)
    assert found is not None
    assert found.logins == 1


def test_nobody_teaches_the_device_of_another(
    identity: Identity, admin: User, device: Device
) -> None:
    bob = add_viewer(identity, "bob")
    assert not identity.cameras.confirm(completed(identity, bob), device)
    assert identity.cameras.find(device.id, CAMERA, detector=ONE) is None
    assert identity.cameras.list_cameras(bob.id) == ()


def test_cameras_are_told_apart_by_device_size_and_mark(
    identity: Identity, admin: User, device: Device
) -> None:
    teach(identity, admin, device)
    elsewhere = identity.devices.remember(None, admin.id, label="Phone").device
    for key in (replace(CAMERA, width_px=480), replace(CAMERA, mark=""), CameraKey(480, 640)):
        assert identity.cameras.find(device.id, key, detector=ONE) is None
    assert identity.cameras.find(elsewhere.id, CAMERA, detector=ONE) is None
    assert identity.cameras.find(DeviceId("\0"), CAMERA, detector=ONE) is None


def test_another_detector_begins_anew(identity: Identity, admin: User, device: Device) -> None:
    teach(identity, admin, device)
    assert identity.cameras.find(device.id, CAMERA, detector=OTHER) is None
    other = replace(LESSON, detector=OTHER, scores=CameraScores(1, 9, -2.0, 0.1))
    teach(identity, admin, device, other)
    assert identity.cameras.find(device.id, CAMERA, detector=OTHER) == other.scores
    assert identity.cameras.find(device.id, CAMERA, detector=ONE) is None


def test_all_goes_with_the_device(identity: Identity, admin: User, device: Device) -> None:
    teach(identity, admin, device)
    identity.devices.forget(device.id, admin.id, actor=admin.id)
    assert identity.cameras.count_cameras() == {}


def test_all_goes_with_the_face_also_what_was_about_to_count(
    identity: Identity, admin: User, device: Device, template: Template
) -> None:
    bob = add_viewer(identity, "bob")
    of_bob = identity.devices.remember(None, bob.id, label="Bob's").device
    teach(identity, bob, of_bob)
    identity.vault.store(admin.id, template, actor=None)
    teach(identity, admin, device)
    waiting = completed(identity, admin)
    identity.vault.erase(admin.id, actor=admin.id)
    assert identity.cameras.list_cameras(admin.id) == ()
    assert not identity.cameras.confirm(waiting, device)
    assert len(identity.cameras.list_cameras(bob.id)) == 1


def test_all_goes_with_the_user(
    identity: Identity, admin: User, device: Device, database_url: str
) -> None:
    bob = add_viewer(identity, "bob")
    of_bob = identity.devices.remember(None, bob.id, label="Bob's").device
    teach(identity, bob, of_bob)
    completed(identity, bob)
    identity.users.remove(bob.id, actor=admin.id)
    tables = {table for table, _ in all_rows(database_url)}
    assert not tables & {"cameras", "camera_lessons"}


def test_the_first_lesson_of_a_camera_is_audited_without_its_numbers(
    identity: Identity, admin: User, device: Device
) -> None:
    for _ in range(3):
        teach(identity, admin, device)
    (row,) = identity.audit.list_events(tags=(Tag.DEVICE_CALIBRATED,))
    assert row.subject_id == admin.id
    assert dict(row.details) == {"device": device.id, "camera": "640x480"}


def test_a_browser_that_makes_up_cameras_leaves_a_bounded_number(
    identity: Identity, admin: User, device: Device, clock: ManualClock
) -> None:
    for number in range(MAX_CAMERAS + 2):
        clock.advance(1)
        key = replace(CAMERA, mark=f"{number:064x}")
        teach(identity, admin, device, replace(LESSON, camera=key))
    left = identity.cameras.list_cameras(admin.id)
    assert len(left) == MAX_CAMERAS
    assert {known.camera.mark for known in left} == {
        f"{number:064x}" for number in range(2, MAX_CAMERAS + 2)
    }
