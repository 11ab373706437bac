"""The API at its door: every endpoint, with every kind of token and none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from countenance.identity.api_scopes import Scope
from countenance.identity.errors import StorageError
from countenance.identity.interfaces import User
from countenance.identity.permissions import Role
from countenance.web.access import scope_of
from countenance.web.api.bearer import PER_TOKEN, WRONG_PER_ADDRESS
from tests.fakes.doors import PASSWORD, Door, open_door
from tests.integration.routes import API

NOBODY = "5f0c5a3e-0000-4000-8000-000000000000"
CLOSED = {endpoint: scope for endpoint, scope in API.items() if scope is not None}


@pytest.fixture
def door(tmp_path_factory: pytest.TempPathFactory) -> Door:
    door = open_door(tmp_path_factory.mktemp("door"))
    door.administrator()
    return door


@pytest.fixture
def maker(door: Door) -> User:
    """An administrator who is not the last one."""
    return door.user("sally", role=Role.ADMINISTRATOR)


def token_of(door: Door, maker: User, *scopes: Scope, days: int = 90) -> str:
    _, text = door.identity.api_tokens.make(
        name="A test", scopes=scopes or list(Scope), days=days, maker=maker.id
    )
    return text


def endpoints(door: Door) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and address of everything that asks for a scope."""
    for rule in door.app.url_map.iter_rules():
        if rule.endpoint in CLOSED:
            address = re.sub(r"<(?:\w+:)?\w+>", NOBODY, rule.rule)
            for method in sorted((rule.methods or set()) - {"HEAD"}):
                yield rule.endpoint, method, address


def ask(client: FlaskClient, method: str, address: str, token: str | None = None) -> TestResponse:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client.open(address, method=method, headers=headers)


def problem(answer: TestResponse) -> str:
    """The code of an answer that has to be a problem of RFC 9457 and nothing else."""
    assert answer.mimetype == "application/problem+json", answer.get_data(as_text=True)[:200]
    told = answer.json
    assert isinstance(told, dict)
    assert told["status"] == answer.status_code
    assert told["type"] == f"urn:countenance:problem:{told['code']}"
    assert told["title"]
    assert told["detail"]
    assert "Set-Cookie" not in answer.headers
    return str(told["code"])


def test_every_endpoint_is_declared_with_the_scope_that_it_asks_for(door: Door) -> None:
    found = {
        rule.endpoint: scope_of(door.app.view_functions[rule.endpoint])
        for rule in door.app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
    }
    assert found == API


def test_without_a_token_nothing_opens_but_the_document(door: Door) -> None:
    for endpoint, method, address in endpoints(door):
        answer = ask(door.app.test_client(), method, address)
        assert answer.status_code == 401, endpoint
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="countenance"'
        assert problem(answer) == "api.token_missing"
    answer = ask(door.app.test_client(), "GET", "/api/v1/openapi.json")
    assert (answer.status_code, answer.json["openapi"]) == (200, "3.1.0")
    assert "Set-Cookie" not in answer.headers


def test_the_session_of_an_administrator_opens_nothing(door: Door, maker: User) -> None:
    for endpoint, method, address in endpoints(door):
        answer = ask(door.visit_as(maker).client, method, address)
        assert (answer.status_code, problem(answer)) == (401, "api.token_missing"), endpoint


@pytest.mark.parametrize("given", [*Scope, None], ids=str)
def test_a_scope_opens_its_own_endpoints_and_no_other(
    door: Door, maker: User, given: Scope | None
) -> None:
    """None: a token with every scope but the one that is asked for."""
    door.app.config["RATELIMIT_ENABLED"] = False
    client = door.app.test_client()
    for endpoint, method, address in endpoints(door):
        wanted = CLOSED[endpoint]
        scopes = [given] if given else [scope for scope in Scope if scope is not wanted]
        answer = ask(client, method, address, token_of(door, maker, *scopes))
        is_stopped = answer.status_code == 403 and problem(answer) == "api.scope_missing"
        assert is_stopped == (given is not wanted), f"{method} {address}"
        if is_stopped:
            assert f'scope="{wanted}"' in answer.headers["WWW-Authenticate"]
            assert str(wanted) in answer.json["detail"]
        else:
            assert answer.status_code not in (401, 500), f"{method} {address}"


def bad_tokens(door: Door, maker: User) -> dict[str, str]:
    good, revoked, over = (token_of(door, maker, days=days) for days in (90, 90, 1))
    door.identity.api_tokens.revoke(revoked.split("_")[1], actor=None)
    kind, token_id, secret = good.split("_", 2)
    other_id = token_of(door, maker).split("_")[1]
    door.clock.advance(24 * 3600)
    return {
        "revoked": revoked,
        "expired": over,
        "unknown id": f"{kind}_{'z' * len(token_id)}_{secret}",
        "wrong secret": f"{kind}_{token_id}_{'A' * len(secret)}",
        "secret of another": f"{kind}_{other_id}_{secret}",
        "no secret": f"{kind}_{token_id}_",
        "no secret at all": f"{kind}_{token_id}",
        "other kind": f"abc_{token_id}_{secret}",
        "case changed": good.swapcase(),
        "text": "let me in",
        "long": "cnt_" + "a" * 5000,
    }


def test_no_bad_token_opens_anything_and_all_look_the_same(door: Door, maker: User) -> None:
    door.app.config["RATELIMIT_ENABLED"] = False
    client = door.app.test_client()
    bodies = set()
    for name, token in bad_tokens(door, maker).items():
        for endpoint, method, address in endpoints(door):
            answer = ask(client, method, address, token)
            assert (answer.status_code, problem(answer)) == (401, "api.token_refused"), name
            told = answer.headers["WWW-Authenticate"]
            assert told == 'Bearer realm="countenance", error="invalid_token"', endpoint
            bodies.add(answer.data)
    assert len(bodies) == 1, "a bad token is told apart from another one"


def outgrown(door: Door, maker: User, how: str) -> None:
    users, eileen = door.identity.users, door.identity.users.find("eileen")
    assert eileen is not None
    if how == "disabled":
        users.set_enabled(maker.id, enabled=False, actor=eileen.id)
    elif how == "removed":
        users.remove(maker.id, actor=eileen.id)
    else:
        users.set_role(maker.id, Role.OFFICER, actor=eileen.id)


@pytest.mark.parametrize("how", ["disabled", "removed", "another role"])
def test_a_token_never_outgrows_its_maker(door: Door, maker: User, how: str) -> None:
    token, client = token_of(door, maker), door.app.test_client()
    assert ask(client, "GET", "/api/v1/users", token).status_code == 200
    outgrown(door, maker, how)
    door.app.config["RATELIMIT_ENABLED"] = False
    for endpoint, method, address in endpoints(door):
        answer = ask(client, method, address, token)
        assert (answer.status_code, problem(answer)) == (401, "api.token_refused"), endpoint
    if how == "disabled":
        door.identity.users.set_enabled(maker.id, enabled=True, actor=None)
        assert ask(client, "GET", "/api/v1/users", token).status_code == 200


def test_wrong_tokens_of_one_address_are_throttled_before_they_are_looked_at(
    door: Door, maker: User
) -> None:
    good, client = token_of(door, maker), door.app.test_client()
    for _ in range(WRONG_PER_ADDRESS):
        assert ask(client, "GET", "/api/v1/users", "cnt_a_b").status_code == 401
    answer = ask(client, "GET", "/api/v1/users", good)
    assert (answer.status_code, problem(answer)) == (429, "api.too_many_requests")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    elsewhere = client.get(
        "/api/v1/users",
        headers={"Authorization": f"Bearer {good}"},
        environ_base={"REMOTE_ADDR": "198.51.100.7"},
    )
    assert elsewhere.status_code == 200
    door.clock.advance(60)
    assert ask(client, "GET", "/api/v1/users", good).status_code == 200


def test_one_token_may_ask_only_so_often(door: Door, maker: User) -> None:
    first, second, client = token_of(door, maker), token_of(door, maker), door.app.test_client()
    statuses = [
        ask(client, "GET", f"/api/v1/users/{NOBODY}", first).status_code for _ in range(PER_TOKEN)
    ]
    assert set(statuses) == {404}
    assert ask(client, "GET", f"/api/v1/users/{NOBODY}", first).status_code == 429
    assert ask(client, "GET", f"/api/v1/users/{NOBODY}", second).status_code == 404


@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*"])
@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/v1", "/api/v1/nothing", "/api/v2/users", "/api/v1//users", "/api/v1/users/"],
)
def test_an_address_that_is_not_there_is_a_problem_and_no_page(
    door: Door, path: str, accept: str
) -> None:
    answer = door.app.test_client().get(path, headers={"Accept": accept})
    assert (answer.status_code, problem(answer)) == (404, "web.not_found")


def test_a_method_that_is_not_there_says_which_ones_are(door: Door) -> None:
    answer = door.app.test_client().put("/api/v1/openapi.json")
    assert (answer.status_code, problem(answer)) == (405, "web.method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("limit=0", "query.limit"),
        ("limit=201", "query.limit"),
        ("limit=many", "query.limit"),
        ("role=king", "query.role"),
        ("colour=red", "query.colour"),
        ("search=a&search=b", "query.search"),
        ("search=" + "a" * 101, "query.search"),
    ],
)
def test_a_query_that_does_not_fit_is_told_where(
    door: Door, maker: User, query: str, place: str
) -> None:
    answer = ask(door.app.test_client(), "GET", f"/api/v1/users?{query}", token_of(door, maker))
    assert (answer.status_code, problem(answer)) == (422, "api.invalid")
    assert [error["at"] for error in answer.json["errors"]] == [place]


def test_an_error_of_a_view_is_a_problem_that_tells_nothing(
    door: Door, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(door, maker)

    def broken(*_given: object, **_more: object) -> None:
        raise RuntimeError(PASSWORD)

    monkeypatch.setattr(type(door.identity.users), "list_users", broken)
    door.app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = ask(door.app.test_client(), "GET", "/api/v1/users", token)
    assert (answer.status_code, problem(answer)) == (500, "web.internal_server_error")
    assert PASSWORD not in json.dumps(answer.json)


def test_without_its_database_the_api_says_so_and_lets_nobody_in(
    door: Door, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(door, maker)

    def away(*_given: object, **_more: object) -> None:
        raise StorageError("The database is away.", remedy="Try again.")

    monkeypatch.setattr(type(door.identity.api_tokens), "find", away)
    door.app.config["RATELIMIT_ENABLED"] = False
    for endpoint, method, address in endpoints(door):
        answer = ask(door.app.test_client(), method, address, token)
        assert (answer.status_code, problem(answer)) == (503, "identity.storage"), endpoint


def test_pages_of_people_come_whole_and_in_order(door: Door, maker: User) -> None:
    for number in range(12):
        door.user(f"person-{number:02}", role=Role.VIEWER)
    token, client = token_of(door, maker, Scope.USERS_READ), door.app.test_client()
    found: list[str] = []
    after = ""
    while after is not None:
        query = f"search=person&limit=5{'&after=' + after if after else ''}"
        page = ask(client, "GET", f"/api/v1/users?{query}", token).json
        assert page["total"] == 12
        found += [user["name"] for user in page["users"]]
        after = page["next"]
    assert found == [f"person-{number:02}" for number in range(12)]
