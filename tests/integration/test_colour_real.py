"""Colours before the real server: a recorded face in simulated light of the screen, and without.

The engine, the pages and the sockets are the product's. The frames are of a real recording, put in
the order that the moves ask for; the light of the
screen and a camera that adapts to it are added (`tests/harness/reflections.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from countenance.bootstrap import build
from countenance.ceremony.challenge import Move, PlannedMove
from countenance.ceremony.colour import ColourPolicy
from countenance.events import Tag
from countenance.identity.interfaces import Role
from countenance.settings import read_settings
from countenance.web.app import create_app
from countenance.web.capture import login
from tests.fakes.servers import serving
from tests.harness.answering import AnsweringVisitor
from tests.harness.performers import Footage, Restless, read_footage
from tests.harness.reflections import Lit, Room
from tests.harness.sessions import template_from

pytestmark = [pytest.mark.real_data, pytest.mark.timeout(300)]

PASSWORD = "seven calm herons by the weir"
CLIP, FRAMES = "Apfol_real.webm", 210
MOVES = tuple(
    PlannedMove(move, 0.2)
    for move in (Move.MOVE_CLOSER, Move.TURN_RIGHT, Move.MOVE_BACK, Move.TURN_RIGHT)
)
"""The recording shows a turn to the right best; the colours are drawn as ever."""
ROOMS = {"before_the_screen": Room(strength=0.4), "fed_in": Room(strength=0.0)}
"""A picture that is fed in from elsewhere is lit by no screen of ours."""


def lit(person: Footage, room: Room) -> Lit:
    actor = Restless(person)
    return Lit(actor, actor.face, room)


@pytest.fixture(scope="module")
def sessions(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[Mapping[str, Any], list[Mapping[str, Any]], list[str]]]:
    """Verdict, replies and reasons of each session."""
    home = tmp_path_factory.mktemp("colour") / "home"
    environ = {
        "COUNTENANCE_HOME": str(home),
        "COUNTENANCE_LOGIN_POLICY": "strict",
        "COUNTENANCE_TRUSTED_PROXIES": "1",
    }
    container = build(read_settings(environ))
    engine, identity = container.engine, container.identity
    person = read_footage(shared_data / "liveness/clips" / CLIP, engine.detector, most=FRAMES)
    face = template_from(engine, person)
    identity.users.set_up(name="admin", display_name="Admin", password=PASSWORD)
    users = {}
    for name in ROOMS:
        user = identity.users.add(
            name=name, display_name=name, password=PASSWORD, role=Role.VIEWER, actor=None
        )
        identity.passwords.change(user.id, password=PASSWORD)
        identity.vault.store(user.id, face, actor=None)
        users[name] = user.id
    app = create_app(container)

    def play(name: str) -> tuple[Mapping[str, Any], list[Mapping[str, Any]], list[str]]:
        address = f"10.0.1.{1 + list(ROOMS).index(name)}"
        visitor = AnsweringVisitor(int(host.rpartition(":")[2]), address=address)
        verdict = visitor.perform(lit(person, ROOMS[name]), name=name, password=PASSWORD)
        rows = identity.audit.list_events(subject_id=users[name], tags=(Tag.LOGIN_REFUSED,))
        return verdict, visitor.said, [row.details["reason"] for row in rows]

    with (
        mock.patch.object(login, "draw_moves", return_value=(MOVES, MOVES)),
        serving(app) as host,
        ThreadPoolExecutor(len(ROOMS)) as pool,
    ):
        return dict(zip(ROOMS, pool.map(play, ROOMS), strict=True))


def test_a_face_before_the_screen_takes_on_its_colours_and_gets_in(sessions: Any) -> None:
    verdict, said, reasons = sessions["before_the_screen"]
    assert verdict["granted"] is True, reasons
    told = [colour for colour, _ in groupby(reply["colour"] for reply in said[1:-1])]
    assert len(told) == ColourPolicy().steps + 2


def test_a_picture_that_answers_the_moves_and_is_fed_in_stays_outside(sessions: Any) -> None:
    verdict, said, reasons = sessions["fed_in"]
    assert verdict["granted"] is False
    assert reasons == ["colour_unseen"]
    assert any(reply["moves"] == [len(MOVES), len(MOVES)] for reply in said[1:-1])
