"""A shop whose members come in by face: the relying app of a verification, in one file.

Settings: DOOR is the address of Countenance, DOOR_TOKEN a token of its API with the scope `verify`,
SHOP the address under which browsers see this shop. README.md has the commands.
"""

from __future__ import annotations

import json
import os
import secrets
import urllib.request
from typing import Any, Final
from urllib.error import HTTPError

from flask import Flask, Response, abort, jsonify, redirect, render_template, request, session

DOOR: Final = os.environ.get("DOOR", "http://localhost:8000")
TOKEN: Final = os.environ.get("DOOR_TOKEN", "")
SHOP: Final = os.environ.get("SHOP", "http://localhost:5000")

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)  # a restart logs everybody out
app.config.update(SESSION_COOKIE_NAME="shop", SESSION_COOKIE_SAMESITE="Lax")


def ask_door(method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    """Ask the API of the door. Raises: HTTPError: it says no."""
    asked = urllib.request.Request(  # noqa: S310 - the address is the operator's
        f"{DOOR}/api/v1{path}",
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - the same
        found: dict[str, Any] = json.load(answer)
        return found


@app.get("/")
def shop() -> str:
    return render_template("shop.html", door=DOOR, member=session.get("member"))


@app.post("/begin")
def begin() -> Response:
    """A member wants in: have the door verify them, in this page."""
    name = str((request.get_json(silent=True) or {}).get("name", "")).strip()
    begun = ask_door("POST", "/verifications", {"user": name, "origin": SHOP})
    # The id stays in this browser's session: another browser cannot come in with it.
    session["asked"] = begun["id"]
    return jsonify({"verification": begun["id"], "client_secret": begun["client_secret"]})


@app.post("/finish")
def finish() -> Response:
    """The page says that it is done, which proves nothing: the door is asked, and asked once."""
    asked = session.pop("asked", None)
    if asked is None:
        abort(409)
    result = ask_door("DELETE", f"/verifications/{asked}")
    if result["state"] == "granted":
        session["member"] = result["user"]["name"]
    return jsonify({"state": result["state"]})


@app.post("/leave")
def leave() -> Any:
    session.clear()
    return redirect("/")


@app.before_request
def refuse_other_sites() -> None:
    if request.method == "POST" and request.headers.get("Origin") != SHOP:
        abort(403)


@app.errorhandler(HTTPError)
def door_says_no(error: HTTPError) -> tuple[Response, int]:
    app.logger.error("the door answered %s: %s", error.code, error.read().decode())
    return jsonify({"state": "unavailable"}), 502


@app.after_request
def keep_to_ourselves(response: Response) -> Response:
    """What a page with the element has to allow: scripts and connections of the door."""
    socket = DOOR.replace("http", "ws", 1)
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' {DOOR}; connect-src 'self' {DOOR} {socket}; "
        "style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )
    response.headers["Permissions-Policy"] = "camera=(self)"
    return response


if __name__ == "__main__":
    app.run(host="localhost", port=int(SHOP.rpartition(":")[2]))
