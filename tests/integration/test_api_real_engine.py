"""The API over the real models: portraits in the public domain, enrolled and recognised."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.images.codec import encode_jpeg, encode_png
from countenance.images.image import Image
from countenance.web.app import create_app
from tests.fakes.doors import Door, open_door
from tests.fakes.programs import Program, program_of
from tests.fixtures.portraits import Person


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """A door whose photographs are looked at by the engine itself."""
    door = open_door(tmp_path, api={"identify": "on"})
    door.app = create_app(door.container, lab_engine=door.lab)
    return door


@pytest.fixture
def program(door: Door) -> Program:
    return program_of(door, door.administrator(face=None))


@pytest.fixture
def photographs(portraits: dict[Person, NDArray[np.uint8]]) -> dict[Person, Image]:
    return {person: Image(pixels) for person, pixels in portraits.items()}


def test_somebody_is_enrolled_approved_and_recognised_and_a_stranger_is_nobody(
    door: Door, program: Program, photographs: dict[Person, Image]
) -> None:
    collins, hopper = photographs[Person.COLLINS], photographs[Person.HOPPER]
    other_size = Image(cv2.resize(collins.pixels, None, fx=0.8, fy=0.8))
    ada = door.viewer("ada", face=None)
    assert program.identify(encode_jpeg(collins)).json["nobody"] is True
    answer = program.send_photographs(ada.id, encode_jpeg(collins), encode_png(other_size))
    assert answer.status_code == 202, answer.json
    assert answer.json["enrolment"]["pending"]["samples"] == 2
    assert program.identify(encode_jpeg(collins)).json["nobody"] is True, "it does not count yet"

    face = door.identity.pending_faces.find(ada.id)
    assert face is not None
    door.identity.pending_faces.approve(ada.id, face.id, actor=None)
    found = program.identify(encode_jpeg(collins, quality=60)).json
    assert [one["name"] for one in found["candidates"]] == ["ada"]
    assert program.identify(encode_jpeg(hopper)).json == {
        "candidates": [], "nobody": True, "failure": None,
    }  # fmt: skip


def test_photographs_of_two_people_enrol_nobody(
    door: Door, program: Program, photographs: dict[Person, Image]
) -> None:
    ada = door.viewer("ada", face=None)
    both = [encode_jpeg(photographs[person]) for person in (Person.COLLINS, Person.HOPPER)]
    answer = program.send_photographs(ada.id, *both)
    assert (answer.status_code, answer.json["code"]) == (422, "api.unusable_photographs")
    assert "different people" in answer.json["detail"]


def test_a_blurred_photograph_and_an_empty_wall_are_told_apart(
    door: Door, program: Program, photographs: dict[Person, Image]
) -> None:
    ada = door.viewer("ada", face=None)
    blurred = Image(cv2.GaussianBlur(photographs[Person.COLLINS].pixels, (0, 0), 9))
    wall = Image(np.full((480, 640, 3), 128, np.uint8))
    answer = program.send_photographs(ada.id, encode_jpeg(blurred), encode_jpeg(wall))
    assert answer.status_code == 422
    told = {error["at"]: error["problem"] for error in answer.json["errors"]}
    assert told == {"body.photographs.1": "blurred", "body.photographs.2": "no face"}
    assert program.identify(encode_jpeg(wall)).json["failure"] == "no_face"


def test_the_face_of_somebody_who_is_enrolled_is_told_at_another_enrolment(
    door: Door, program: Program, photographs: dict[Person, Image]
) -> None:
    ada, ben = door.viewer("ada", face=None), door.viewer("ben", face=None)
    picture = encode_jpeg(photographs[Person.COLLINS])
    program.send_photographs(ada.id, picture)
    face = door.identity.pending_faces.find(ada.id)
    assert face is not None
    door.identity.pending_faces.approve(ada.id, face.id, actor=None)
    assert program.send_photographs(ben.id, picture).json["same_face_as"] == [ada.id]
