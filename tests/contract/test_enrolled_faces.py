"""The gallery in memory: it shows what the database holds, whoever changed it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

import numpy as np
import pytest

from countenance.biometrics.identification import Gallery
from countenance.biometrics.templates import Template
from countenance.identity import enrolled_faces
from countenance.identity.errors import StorageError
from countenance.identity.interfaces import User
from countenance.identity.services import Identity
from tests.contract.support import add_viewer, execute, outcomes

PACK = "opencv-zoo/1"


def face(seed: int, pack: str = PACK) -> Template:
    rows = np.random.default_rng(seed).normal(size=(1, 128))
    return Template((rows / np.linalg.norm(rows)).astype(np.float32), pack)


def best(gallery: Gallery, template: Template) -> list[str]:
    return [found.key for found in gallery.look_alikes(template, threshold=0.9, limit=5)]


def test_the_gallery_holds_all_of_a_pack(
    identity: Identity, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolled_faces, "BATCH", 2)
    users = [admin] + [add_viewer(identity, f"user{number}") for number in range(4)]
    for seed, user in enumerate(users):
        identity.vault.store(user.id, face(seed), actor=None)
    foreign = add_viewer(identity, "foreign")
    identity.vault.store(foreign.id, face(9, "other/1"), actor=None)
    identity.users.set_enabled(users[2].id, enabled=False, actor=None)

    gallery, unreadable = identity.faces.of_pack(PACK)
    assert sorted(gallery.keys()) == sorted(user.id for user in users)
    assert not unreadable
    assert best(gallery, face(2)) == [users[2].id]
    assert identity.faces.of_pack("other/1").gallery.keys() == [foreign.id]
    assert len(identity.faces.of_pack("none").gallery) == 0


def test_the_gallery_follows_changes_of_another_process(
    identity: Identity, admin: User, open_another: Callable[..., Identity]
) -> None:
    other = open_another()
    ben = add_viewer(identity, "ben")
    assert len(identity.faces.of_pack(PACK).gallery) == 0
    other.vault.store(ben.id, face(1), actor=None)
    other.vault.store(admin.id, face(2), actor=None)
    gallery = identity.faces.of_pack(PACK).gallery
    assert (best(gallery, face(1)), best(gallery, face(2))) == ([ben.id], [admin.id])
    other.vault.store(ben.id, face(3), actor=None)
    gallery = identity.faces.of_pack(PACK).gallery
    assert (best(gallery, face(1)), best(gallery, face(3))) == ([], [ben.id])
    other.users.remove(ben.id, actor=None)
    other.vault.erase(admin.id, actor=None)
    assert len(identity.faces.of_pack(PACK).gallery) == 0


def test_a_face_enrolled_with_another_pack_leaves_the_gallery_of_the_old_one(
    identity: Identity, admin: User
) -> None:
    identity.vault.store(admin.id, face(1), actor=None)
    assert len(identity.faces.of_pack(PACK).gallery) == 1
    identity.vault.store(admin.id, face(1, "other/1"), actor=None)
    assert len(identity.faces.of_pack(PACK).gallery) == 0
    assert len(identity.faces.of_pack("other/1").gallery) == 1


def test_only_what_changed_is_decrypted_again(
    identity: Identity, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = add_viewer(identity, "ben")
    identity.vault.store(admin.id, face(1), actor=None)
    opened: list[str] = []
    real = enrolled_faces.open_record

    def counted(row, key, keys):  # type: ignore[no-untyped-def]  # passes through
        opened.append(row.user_id)
        return real(row, key, keys)

    monkeypatch.setattr(enrolled_faces, "open_record", counted)
    first = identity.faces.of_pack(PACK).gallery
    assert identity.faces.of_pack(PACK).gallery is first
    identity.vault.store(ben.id, face(2), actor=None)
    assert len(identity.faces.of_pack(PACK).gallery) == 2
    assert opened == [admin.id, ben.id]


@pytest.mark.parametrize("how", ["erase", "remove", "replace"])
def test_an_erased_face_leaves_the_memory_without_being_asked_for(
    identity: Identity, admin: User, how: str
) -> None:
    """Nobody searches after the erasure; the row goes all the same, and so does its memory."""
    ben = add_viewer(identity, "ben")
    identity.vault.store(admin.id, face(1), actor=None)
    identity.vault.store(ben.id, face(2), actor=None)
    gallery = identity.faces.of_pack(PACK).gallery
    assert face(2).samples.tobytes() in gallery.blocks[0].rows.tobytes(), "the search finds it"
    memory = weakref.ref(gallery.blocks[0].rows)
    del gallery
    if how == "erase":
        identity.vault.erase(ben.id, actor=None)
    elif how == "remove":
        identity.users.remove(ben.id, actor=None)
    else:
        identity.vault.store(ben.id, face(3), actor=None)
    assert memory() is None
    left = identity.faces.of_pack(PACK).gallery
    assert face(2).samples.tobytes() not in b"".join(b.rows.tobytes() for b in left.blocks)
    assert best(left, face(1)) == [admin.id]


def test_an_unreadable_face_is_told_apart_and_hides_nobody_else(
    identity: Identity, admin: User, database_url: str
) -> None:
    ben, cid = add_viewer(identity, "ben"), add_viewer(identity, "cid")
    for seed, user in enumerate((admin, ben, cid)):
        identity.vault.store(user.id, face(seed), actor=None)
    execute(database_url, "DELETE FROM template_keys WHERE user_id = :user", user=ben.id)
    gallery, unreadable = identity.faces.of_pack(PACK)
    assert unreadable == {ben.id}
    assert sorted(gallery.keys()) == sorted([admin.id, cid.id])
    identity.vault.store(ben.id, face(7), actor=None)
    gallery, unreadable = identity.faces.of_pack(PACK)
    assert (unreadable, best(gallery, face(7))) == (frozenset(), [ben.id])


def test_threads_that_enrol_and_search_miss_nobody(identity: Identity, admin: User) -> None:
    """Revisions become visible in order: after an enrolment every search finds it."""
    users = [add_viewer(identity, f"user{number}") for number in range(6)]

    def enrol(number: int) -> bool:
        identity.vault.store(users[number].id, face(number), actor=None)
        return best(identity.faces.of_pack(PACK).gallery, face(number)) == [users[number].id]

    found, refused = outcomes(enrol, range(6), error=StorageError)
    assert (found, refused) == ([True] * 6, 0)
    assert len(identity.faces.of_pack(PACK).gallery) == 6


def test_what_cannot_be_brought_up_to_date_is_forgotten(
    identity: Identity, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.vault.store(admin.id, face(1), actor=None)
    memory = weakref.ref(identity.faces.of_pack(PACK).gallery.blocks[0].rows)
    with monkeypatch.context() as away:

        def refuse(*_: object) -> None:
            raise StorageError("The database is away.", remedy="Start it.")

        away.setattr(enrolled_faces.template_changes, "changes_since", refuse)
        with pytest.raises(StorageError):
            identity.faces.of_pack(PACK)
        identity.faces.follow()
    assert memory() is None
    assert best(identity.faces.of_pack(PACK).gallery, face(1)) == [admin.id]


def test_a_search_keeps_the_gallery_that_it_began_with(identity: Identity, admin: User) -> None:
    identity.vault.store(admin.id, face(1), actor=None)
    before = identity.faces.of_pack(PACK).gallery
    thread = threading.Thread(target=identity.vault.erase, args=(admin.id,), kwargs={"actor": None})
    thread.start()
    thread.join()
    assert best(before, face(1)) == [admin.id]
    assert len(identity.faces.of_pack(PACK).gallery) == 0
