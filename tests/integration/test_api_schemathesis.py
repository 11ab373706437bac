"""The API against its own document: whatever fits is taken, whatever does not is refused, nothing
breaks, and every answer is one of those that the document promises.

The real application and database, a token with every scope, and half of all ids
of people who are there.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from countenance.events import Tag
from countenance.identity.permissions import Role
from tests.fakes.doors import Door, open_door
from tests.fakes.programs import Program, program_of
from tests.integration.routes import API

EXAMPLES = 25
"""Of each operation, fitting and not: all of them have a minute together."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> tuple[Door, Program]:
    """An installation where something happened."""
    door = open_door(tmp_path_factory.mktemp("door"), api={"identify": "on"})
    eileen = door.administrator()
    for role in Role:
        user = door.user(f"some-{role}", role=role, face=2)
        door.identity.audit.append(
            Tag.LOGIN_REFUSED, subject_id=user.id, details={"reason": "no_face"}
        )
    door.app.config["RATELIMIT_ENABLED"] = False
    return door, program_of(door, eileen, days=365)


@pytest.fixture(scope="module")
def schema(house: tuple[Door, Program]) -> Any:
    door, program = house
    found = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", door.app)

    @found.hook
    def map_path_parameters(_context: Any, path_parameters: dict[str, Any]) -> dict[str, Any]:
        for name, text in (path_parameters or {}).items():
            if is_uuid(text) and UUID(text).int % 2:
                path_parameters[name] = _there(door, program, name, UUID(text).int)
        return path_parameters

    return found


def _there(door: Door, program: Program, name: str, number: int) -> str:
    """The id of something that is there."""
    if name == "verification_id":
        wish = {"user": "eileen", "origin": "https://shop.example"}
        return str(program.ask("POST", "/verifications", json=wish).json["id"])
    people = door.identity.users.list_users(limit=50).users
    return people[number % len(people)].id


def is_uuid(text: Any) -> bool:
    try:
        return isinstance(text, str) and str(UUID(text)) == text
    except ValueError:
        return False


OPERATIONS = sorted(endpoint.partition(".")[2] for endpoint in API if endpoint != "api.openapi")


def operation_of(schema: Any, name: str) -> Any:
    found = [result.ok() for result in schema.get_all_operations()]
    (operation,) = [one for one in found if one.definition.raw["operationId"] == name]
    return operation


RULES_BEYOND = {"add_user", "begin_verification", "change_user", "enrol", "identify"}
"""What fits their schema may still be no name, no password that is long enough, no origin
or no face."""
NEVER_RIGHT = {"begin_verification", "enrol"}
"""Nothing that is drawn is an origin or shows a face; other tests begin and enrol."""


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_one_that_the_document_promises(
    schema: Any, house: tuple[Door, Program], name: str, mode: GenerationMode
) -> None:
    _, program = house
    operation = operation_of(schema, name)
    left_out = [positive_data_acceptance] if name in RULES_BEYOND else []
    statuses: set[int] = set()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case) -> None:
        answer = case.call_and_validate(
            headers={"Authorization": f"Bearer {program.text}"}, excluded_checks=left_out
        )
        statuses.add(answer.status_code)

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "nothing fits the document"
    assert max(statuses, default=0) < 500
    if mode is GenerationMode.POSITIVE and name not in NEVER_RIGHT:
        assert any(200 <= status < 300 for status in statuses), "it never worked"


def test_the_document_describes_every_endpoint(schema: Any) -> None:
    described = {
        result.ok().definition.raw["operationId"] for result in schema.get_all_operations()
    }
    assert described == set(OPERATIONS)
    schema.validate()  # by the schema of OpenAPI 3.1
