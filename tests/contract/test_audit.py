"""The audit trail: what holds on every database."""

from __future__ import annotations

import pytest

from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.interfaces import User
from countenance.identity.services import Identity
from tests.contract.support import add_viewer


def test_a_row_says_all_that_was_given(identity: Identity, admin: User, clock: ManualClock) -> None:
    clock.advance(5)
    identity.audit.append(
        Tag.LOGIN_REFUSED,
        subject_id=admin.id,
        actor_id=None,
        address="2001:db8::1",
        details={"reason": "nicht erkannt ✗", "tries": "2"},
    )
    (event,) = identity.audit.list_events(tags=(Tag.LOGIN_REFUSED,))
    assert (event.tag, event.subject_id, event.actor_id) == (Tag.LOGIN_REFUSED, admin.id, None)
    assert (event.at, event.address) == (clock.now(), "2001:db8::1")
    assert dict(event.details) == {"reason": "nicht erkannt ✗", "tries": "2"}
    with pytest.raises(TypeError):
        event.details["reason"] = "other"  # type: ignore[index]


def test_rows_come_newest_first_in_pages(identity: Identity, clock: ManualClock) -> None:
    for number in range(7):
        clock.advance(1)
        identity.audit.append(Tag.LOGIN_REFUSED, details={"n": str(number)})
    ids = [event.id for event in identity.audit.list_events()]

    def numbers(**cursor: int) -> list[str]:
        return [e.details["n"] for e in identity.audit.list_events(**cursor, limit=3)]

    assert numbers() == ["6", "5", "4"]
    assert numbers(before_id=ids[1]) == ["4", "3", "2"]
    assert numbers(before_id=ids[-1]) == []
    # The ones right after a row, not the newest of all.
    assert numbers(after_id=ids[5]) == ["4", "3", "2"]
    assert numbers(after_id=ids[0]) == []


def test_pages_of_several_tags_miss_and_repeat_nothing(identity: Identity) -> None:
    tags = (Tag.LOGIN_REFUSED, Tag.LOGIN_GRANTED, Tag.PASSWORD_REFUSED)
    for number in range(10):
        identity.audit.append(tags[number % 3], details={"n": str(number)})
    wanted = tags[:2]
    ids = [event.id for event in identity.audit.list_events(tags=wanted)]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 7

    def page(**cursor: int) -> list[int]:
        return [e.id for e in identity.audit.list_events(tags=wanted, **cursor, limit=3)]

    assert [page(), page(before_id=ids[2]), page(before_id=ids[5])] == [ids[:3], ids[3:6], ids[6:]]
    assert page(after_id=ids[5]) == ids[2:5]


def test_filters_take_a_subject_and_tags(identity: Identity, admin: User) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    identity.audit.append(Tag.LOGIN_GRANTED, subject_id=bob.id)
    identity.audit.append(Tag.LOGIN_GRANTED, subject_id=admin.id)
    of_bob = identity.audit.list_events(subject_id=bob.id)
    assert [event.tag for event in of_bob] == [Tag.LOGIN_GRANTED, Tag.USER_ADDED]
    granted = identity.audit.list_events(tags=(Tag.LOGIN_GRANTED, Tag.LOGIN_REFUSED))
    assert [event.subject_id for event in granted] == [admin.id, bob.id]


def test_what_a_stranger_sends_does_not_break_the_row(identity: Identity) -> None:
    identity.audit.append(
        Tag.PASSWORD_REFUSED, address="\0\n" + "9" * 300, details={"name": "\0\ud800"}
    )
    (event,) = identity.audit.list_events()
    assert event.address == "9" * 64
    assert event.details["name"] == "\0\ud800"


def test_every_tag_can_be_written_and_read(identity: Identity) -> None:
    for tag in Tag:
        identity.audit.append(tag)
    assert {event.tag for event in identity.audit.list_events(limit=1000)} == set(Tag)
