"""Faces through the API: enrolled from photographs under four eyes, erased, searched for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from countenance.ceremony.evidence import Hint
from countenance.events import Tag
from countenance.identity.api_scopes import Scope
from countenance.identity.errors import OwnApprovalError
from countenance.identity.interfaces import Role, User
from countenance.web.api.enrolments import RATE
from countenance.web.api.uploads import MAX_PHOTOGRAPH_BYTES
from tests.fakes.doors import Door, open_door
from tests.fakes.programs import Program, program_of
from tests.fakes.recognition import Seen, face_of, painted

TEXT = b"hello, this is no photograph at all"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path, api={"identify": "on"})


@pytest.fixture
def maker(door: Door) -> User:
    door.administrator(face=1)
    return door.user("sally", role=Role.ADMINISTRATOR)


@pytest.fixture
def program(door: Door, maker: User) -> Program:
    return program_of(door, maker)


def test_a_face_from_photographs_waits_for_a_person_who_is_not_its_enroller(
    door: Door, maker: User, program: Program
) -> None:
    grace = door.viewer(face=None)
    answer = program.send_photographs(grace.id, painted(2), painted(2), TEXT)
    assert answer.status_code == 202
    told = answer.json
    assert told["refused"] == [{"photograph": 3, "reason": "unreadable"}]
    assert told["same_face_as"] == []
    enrolment = told["enrolment"]
    assert (enrolment["state"], enrolment["samples"]) == ("none", None)
    assert enrolment["pending"]["samples"] == 2
    assert enrolment["pending"]["enrolled_by"] == maker.id
    assert enrolment["consent_given_at"] is not None
    assert program.get(f"/enrolments/{grace.id}") == enrolment
    assert door.identity.vault.load(grace.id) is None

    face = door.identity.pending_faces.find(grace.id)
    assert face is not None
    with pytest.raises(OwnApprovalError):
        door.identity.pending_faces.approve(grace.id, face.id, actor=maker.id)
    eileen = door.identity.users.find("eileen")
    assert eileen is not None
    door.identity.pending_faces.approve(grace.id, face.id, actor=eileen.id)
    after = program.get(f"/enrolments/{grace.id}")
    assert (after["state"], after["samples"], after["pending"]) == ("enrolled", 2, None)


def test_the_trail_tells_consent_and_proposal_as_done_by_the_token(
    door: Door, maker: User, program: Program
) -> None:
    grace = door.viewer(face=None)
    program.send_photographs(grace.id, painted(2))
    rows = door.identity.audit.list_events(
        subject_id=grace.id, tags=(Tag.CONSENT_GIVEN, Tag.FACE_PROPOSED)
    )
    assert [row.tag for row in rows] == [Tag.FACE_PROPOSED, Tag.CONSENT_GIVEN]
    assert {row.actor_id for row in rows} == {f"token:{program.token_id}"}
    consent = door.identity.consents.find(grace.id, text_sha256=rows[1].details["text"])
    assert consent is not None
    assert consent.actor_id == maker.id


def test_a_face_that_somebody_has_already_stays_until_the_new_one_is_approved(
    door: Door, program: Program
) -> None:
    grace = door.viewer(face=2)
    assert program.send_photographs(grace.id, painted(3)).status_code == 202
    told = program.get(f"/enrolments/{grace.id}")
    assert (told["state"], told["samples"], told["pending"]["samples"]) == ("enrolled", 5, 1)


def test_the_face_of_somebody_else_is_told_and_written_down(door: Door, program: Program) -> None:
    grace, ada = door.viewer(face=2), door.viewer("ada", face=None)
    answer = program.send_photographs(ada.id, painted(2))
    assert answer.json["same_face_as"] == [grace.id]
    (row,) = door.identity.audit.list_events(subject_id=ada.id, tags=(Tag.FACE_DUPLICATE_FOUND,))
    assert row.details["other"] == grace.id


@pytest.mark.parametrize(
    ("photographs", "problems"),
    [
        ([TEXT], {"body.photographs.1"}),
        ([painted(None), TEXT], {"body.photographs.1", "body.photographs.2"}),
        ([painted(2), painted(3)], {"body.photographs.1", "body.photographs.2"}),
        ([painted(2)[:200]], {"body.photographs.1"}),
        ([b""], {"body.photographs.1"}),
    ],
    ids=["text", "nobody and text", "two people", "cut off", "empty"],
)
def test_photographs_that_give_no_sample_enrol_nobody(
    door: Door, program: Program, photographs: list[bytes], problems: set[str]
) -> None:
    grace = door.viewer(face=None)
    answer = program.send_photographs(grace.id, *photographs)
    assert (answer.status_code, answer.json["code"]) == (422, "api.unusable_photographs")
    assert {error["at"] for error in answer.json["errors"]} == problems
    told = program.get(f"/enrolments/{grace.id}")
    assert (told["pending"], told["consent_given_at"]) == (None, None)


@pytest.mark.parametrize("hint", [Hint.BLURRED, Hint.TURNED, Hint.TOO_DARK, Hint.TOO_SMALL])
def test_a_poor_photograph_is_refused_with_its_reason(
    door: Door, program: Program, hint: Hint
) -> None:
    door.recognition.see = lambda _image: Seen(person=2, hint=hint)
    answer = program.send_photographs(door.viewer(face=None).id, painted(2))
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("form", "place"),
    [
        ({"photographs": [b"x"]}, "body.agreed"),
        ({"photographs": [b"x"], "agreed": "no"}, "body.agreed"),
        ({"photographs": [b"x"], "agreed": ["yes", "yes"]}, "body.agreed"),
        ({"agreed": "yes"}, "body.photographs"),
        ({"photographs": "text", "agreed": "yes"}, "body.photographs"),
        ({"photographs": [b"x"] * 11, "agreed": "yes"}, "body.photographs"),
        ({"photographs": [b"x"], "agreed": "yes", "role": "officer"}, "body.role"),
        ({"photographs": [b"x"], "pictures": [b"x"], "agreed": "yes"}, "body.pictures"),
    ],
    ids=str,
)
def test_a_form_that_does_not_fit_is_refused(
    door: Door, program: Program, form: dict[str, Any], place: str
) -> None:
    data = {
        name: [(io.BytesIO(part), "a.jpg") if isinstance(part, bytes) else part for part in value]
        if isinstance(value, list)
        else value
        for name, value in form.items()
    }
    answer = program.ask(
        "POST",
        f"/enrolments/{door.viewer(face=None).id}",
        data=data,
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422, answer.json
    assert [error["at"] for error in answer.json["errors"]] == [place]


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"x", "image/jpeg", 415),
        (b"{}", "application/json", 415),
        (b"x", "multipart/form-data", 422),
        (b"x", "multipart/form-data; boundary=abc", 422),
        (b"--abc\r\n", "multipart/form-data; boundary=abc", 422),
        (b"--abc\r\n" + b"x" * 33_000_000, "multipart/form-data; boundary=abc", 413),
    ],
    ids=["image", "json", "no boundary", "no form", "cut off", "too large"],
)
def test_a_body_that_is_no_form_is_refused(
    door: Door, program: Program, data: bytes, kind: str, status: int
) -> None:
    answer = program.ask(
        "POST", f"/enrolments/{door.viewer(face=None).id}", data=data, content_type=kind
    )
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_nobody_who_is_an_administrator_is_enrolled_by_a_token(
    maker: User, program: Program
) -> None:
    answer = program.send_photographs(maker.id, painted(2))
    assert (answer.status_code, answer.json["code"]) == (403, "identity.not_permitted")


def test_an_erased_face_is_gone_with_what_waits_and_the_consent(
    door: Door, program: Program
) -> None:
    grace = door.viewer(face=2)
    program.send_photographs(grace.id, painted(3))
    assert program.ask("DELETE", f"/enrolments/{grace.id}").status_code == 204
    told = program.get(f"/enrolments/{grace.id}")
    assert (told["state"], told["pending"], told["consent_given_at"]) == ("none", None, None)
    assert program.ask("DELETE", f"/enrolments/{grace.id}").status_code == 204


def test_enrolments_are_limited_by_themselves(door: Door, program: Program) -> None:
    grace = door.viewer(face=None)
    for _ in range(RATE):
        assert program.send_photographs(grace.id, TEXT).status_code == 422
    assert program.send_photographs(grace.id, TEXT).status_code == 429
    assert program.get(f"/enrolments/{grace.id}")["state"] == "none"


def test_a_photograph_is_told_whom_it_shows_without_a_score(door: Door, program: Program) -> None:
    grace = door.viewer(face=2)
    answer = program.identify(painted(2))
    assert answer.status_code == 200
    assert answer.json == {
        "candidates": [{"user_id": grace.id, "name": "grace", "display_name": "Grace", "rank": 1}],
        "nobody": False,
        "failure": None,
    }
    (row,) = door.identity.audit.list_events(tags=(Tag.FACE_SEARCHED,))
    assert (row.subject_id, row.actor_id) == (grace.id, f"token:{program.token_id}")


def test_a_stranger_is_nobody_and_the_search_is_written_down(door: Door, program: Program) -> None:
    assert program.identify(painted(4)).json == {"candidates": [], "nobody": True, "failure": None}
    (row,) = door.identity.audit.list_events(tags=(Tag.FACE_SEARCHED,))
    assert (row.subject_id, row.details["candidates"]) == (None, "0")


def test_whoever_is_disabled_is_no_candidate(door: Door, program: Program) -> None:
    grace = door.viewer(face=2)
    door.identity.users.set_enabled(grace.id, enabled=False, actor=None)
    assert program.identify(painted(2)).json["nobody"] is True


@pytest.mark.parametrize(
    ("seen", "failure"),
    [(Seen(person=None), "no_face"), (Seen(person=2, face_count=2), "several_faces")],
)
def test_nobody_is_searched_for_without_one_face(
    door: Door, program: Program, seen: Seen, failure: str
) -> None:
    door.viewer(face=2)
    door.recognition.see = lambda _image: seen
    told = program.identify(painted(2)).json
    assert told == {"candidates": [], "nobody": False, "failure": failure}
    assert not door.identity.audit.list_events(tags=(Tag.FACE_SEARCHED,))


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (TEXT, "image/jpeg", 422, "image.not_an_image"),
        (b"", "image/jpeg", 422, "image.not_an_image"),
        (painted(2)[:-400], "image/png", 422, "image.not_an_image"),
        (painted(2), "text/plain", 415, "api.media_type"),
        (b"x" * (MAX_PHOTOGRAPH_BYTES + 1), "image/jpeg", 413, "web.request_entity_too_large"),
    ],
    ids=["text", "empty", "cut off", "type", "large"],
)
def test_what_is_no_photograph_is_refused(
    program: Program, data: bytes, kind: str, status: int, code: str
) -> None:
    answer = program.identify(data, media_type=kind)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_switched_off_nobody_is_named_whatever_the_token_may(tmp_path: Path) -> None:
    door = open_door(tmp_path / "off")
    eileen = door.administrator(face=1)
    answer = program_of(door, eileen, Scope.IDENTIFY).identify(painted(1))
    assert (answer.status_code, answer.json["code"]) == (403, "api.switched_off")
    assert "COUNTENANCE_API_IDENTIFY" in answer.json["remedy"]
    assert not door.identity.audit.list_events(tags=(Tag.FACE_SEARCHED,))


def test_another_pack_is_told_as_such(door: Door, program: Program) -> None:
    grace = door.viewer(face=2)
    door.recognition.pack = "another/2"
    assert program.get(f"/enrolments/{grace.id}")["state"] == "other_pack"
    assert program.get("/users", face="other_pack")["total"] == 2
    assert face_of(2).pack != "another/2"
