"""Photograph every page, in light, in dark and on a phone.

    .venv/bin/python -m tools.screenshots --out DIR [--round NAME] [--look NAME] [--only NAME]
    .venv/bin/python -m tools.screenshots          # the pictures of the documentation

The camera plays an injected animated portrait (Eileen Collins, NASA, public domain, from
scikit-image). The pages are the product's own; the engine is a stand-in that says what each
picture needs, so that every state can be shown. Nothing measured comes from here.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from playwright.sync_api import Page, sync_playwright
from pyotp import TOTP

from countenance.bootstrap import Container, build
from countenance.ceremony.challenge import Move, PlannedMove
from countenance.ceremony.colour_answer import FaceLight
from countenance.ceremony.evidence import Hint
from countenance.ceremony.palette import Colour
from countenance.clock import ManualClock, SystemClock
from countenance.events import Tag
from countenance.geometry.planarity import Planarity
from countenance.identity.acts import Act
from countenance.identity.api_scopes import Scope
from countenance.identity.crowd import settle
from countenance.identity.interfaces import FaceState, Role, UserFilter, UserId
from countenance.identity.throttles import Attempt
from countenance.identity.throttling import Tried
from countenance.settings import LoginSettings, Settings, read_settings
from countenance.web.app import create_app
from countenance.web.capture import login
from countenance.web.setup_code import ensure_setup_code
from tests.fakes.doors import FRESH, SESSION
from tests.fakes.recognition import FakeRecognition, Seen, face_of
from tests.fakes.servers import serving
from tests.fixtures.clips import ClipShelf
from tests.fixtures.scenes import Kind, Scene
from tests.harness.browser import Visitor, find_chromium, launch

PASSWORD = "seven calm herons by the weir"  # noqa: S105 # nosec B105 # of users that only pictures have
IMAGES = Path("docs/images")
KEPT = {
    "face-hold-light": "login",
    "face-refused-dark": "refused-dark",
    "face-authorized-light": "authorized",
    "enrol-turn-phone": "enrol-phone",
    "face-hold-phone": "phone",
    "home-dark": "home-dark",
    "people-light": "people",
    "attempts-light": "attempts",
    "account-light": "account",
    "lab-try-light": "lab-try",
}
"""Pictures of the documentation, and their names there."""
BOX = (0.425, 0.34, 0.615, 0.72)


@dataclass(frozen=True, slots=True)
class Look:
    """One way to see a page."""

    name: str
    width: int
    height: int
    scheme: str

    @property
    def options(self) -> dict[str, Any]:
        """For a browser context."""
        is_phone = self.width < 500
        return {
            "viewport": {"width": self.width, "height": self.height},
            "color_scheme": self.scheme,
            "device_scale_factor": 2 if is_phone else 1,
            "is_mobile": is_phone,
            "has_touch": is_phone,
            "reduced_motion": "reduce",
            "timezone_id": "Europe/Berlin",
        }


LOOKS = (
    Look("light", 1100, 760, "light"),
    Look("dark", 1100, 760, "dark"),
    Look("phone", 420, 860, "light"),
)


class Stage:
    """A server whose engine sees what the next picture needs."""

    def __init__(self, home: Path, *, policy: str) -> None:
        self.clock = ManualClock(datetime.now(UTC) - timedelta(days=3))
        # The clip of the camera comes round again, and the stages share it.
        settings = read_settings({"COUNTENANCE_HOME": str(home), "COUNTENANCE_REPLAY": "observe"})
        self.container = build(_patient(settings, policy), clock=self.clock)
        self.recognition = FakeRecognition(lambda _image: self.seen())
        self.seen: Callable[[], Seen] = lambda: Seen(box_xyxy=BOX)
        self.app = create_app(self.container, recognition=self.recognition)
        self.app.config["RATELIMIT_ENABLED"] = False


def _patient(settings: Settings, policy: str) -> Settings:
    login = LoginSettings(policy=policy, own_time_limit_s=3600.0, without_colour="moves")
    return dataclasses.replace(settings, login=login)


def people(container: Container, clock: ManualClock) -> None:
    """The people of the pictures, with faces and refusals as in a small office."""
    identity = container.identity
    eileen = identity.users.set_up(name="eileen", display_name="Eileen Collins", password=PASSWORD)
    rows = (
        ("grace", "Grace Hopper", 8, "fake/1"),
        ("ada", "Ada Lovelace", 10, "older/1"),
        ("alan", "Alan Turing", 0, ""),
        ("mallory", "Mallory", 0, ""),
    )
    identity.vault.store(eileen.id, face_of(1, samples=10), actor=None)
    for name, shown, samples, pack in rows:
        user = identity.users.add(
            name=name, display_name=shown, password=PASSWORD, role=Role.VIEWER, actor=eileen.id
        )
        if samples:
            template = dataclasses.replace(face_of(2 + len(name), samples=samples), pack=pack)
            identity.vault.store(user.id, template, actor=None)
            identity.sessions.begin(user.id, methods=("pwd", "face"), address="192.0.2.7")
        clock.advance(20_000)
    identity.users.set_enabled(id_of(container, "mallory"), enabled=False, actor=eileen.id)
    for reason in ("presentation_attack", "not_matched", "poor_quality"):
        identity.audit.append(
            Tag.LOGIN_REFUSED, subject_id=eileen.id, address="192.0.2.44",
            details={"reason": reason},
        )  # fmt: skip
        clock.advance(3_000)
    identity.audit.append(Tag.PASSWORD_REFUSED, address="198.51.100.9")
    identity.audit.append(Tag.LOGIN_GRANTED, subject_id=eileen.id)
    now = datetime.now(UTC)
    identity.devices.remember(None, eileen.id, label="Safari on iPhone")
    clock.advance((now - clock.now()).total_seconds())


def id_of(container: Container, name: str) -> UserId:
    """The id of somebody of the pictures."""
    user = container.identity.users.find(name)
    if user is None:
        raise LookupError(name)
    return user.id


class Photographer:
    """One visitor with one look, going from page to page."""

    def __init__(self, visitor: Visitor, url: str, look: Look, out: Path, only: str) -> None:
        self.visitor, self.url, self.look, self.out, self.only = visitor, url, look, out, only
        self.page: Page = visitor.page

    def shoot(self, name: str, *, path: str | None = None) -> None:
        """Take the picture of a page; `path` is opened first."""
        if path is not None:
            self.page.goto(self.url + path)
        self.page.wait_for_load_state("networkidle")
        self.page.evaluate("document.fonts.ready")
        kept = f"{name}-{self.look.name}"
        if self.out == IMAGES:
            kept = KEPT.get(kept, "")
        if kept and self.only in name:
            file = self.out / f"{kept}.png"
            self.page.screenshot(path=str(file), full_page=self.out != IMAGES)
            sys.stderr.write(f"{file}\n")

    def line(self, text: str) -> None:
        """Wait until the camera page says that."""
        self.page.get_by_text(text, exact=True).first.wait_for(timeout=20_000)
        self.page.wait_for_timeout(400)

    def password(self, name: str = "eileen", password: str = PASSWORD) -> None:
        """Log in with the password."""
        self.page.goto(self.url + "/login")
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Continue to the face step").click()


def counted(good: int, go_on: threading.Event) -> Callable[[], Seen]:
    """Good frames, then none until the event is set."""
    left = [good]

    def see() -> Seen:
        left[0] -= 1
        if left[0] < 0:
            go_on.wait(60)
        return Seen(box_xyxy=BOX)

    return see


def first_run(camera: Photographer, stage: Stage) -> None:
    code = ensure_setup_code(stage.container.settings.home)
    camera.shoot("setup", path=f"/setup?code={code}")
    page = camera.page
    page.get_by_label("Login name").fill("eileen")
    page.get_by_label("Your name").fill("Eileen Collins")
    page.get_by_label("Password", exact=True).fill("eileen")
    page.get_by_label("The same again").fill("other")
    page.evaluate("document.querySelector('main form').noValidate = true")
    page.get_by_role("button", name="Continue to your face").click()
    camera.shoot("setup-mend")


def face_step(camera: Photographer, stage: Stage) -> None:
    """The states of the camera page, one login after the other."""
    page = camera.page
    waiting = Seen(box_xyxy=BOX, hint=Hint.TOO_SMALL)
    go_on = threading.Event()
    stage.seen = counted(6, go_on)
    camera.password()
    camera.line("6 of 10 clear frames")
    camera.shoot("face-hold")
    stage.seen = lambda: waiting
    go_on.set()
    camera.line("Come a little closer")
    camera.shoot("face-closer")
    stage.seen = lambda: Seen(face_count=2, box_xyxy=BOX)
    camera.line("Only you, please")
    stage.seen = lambda: Seen(box_xyxy=BOX, is_bona_fide=False)
    camera.line("Unauthorized")
    camera.shoot("face-refused")
    stage.seen = lambda: Seen(box_xyxy=BOX)
    page.route("**/login/complete", lambda route: route.abort())
    page.get_by_role("button", name="Try again").click()
    camera.line("Authorized")
    camera.shoot("face-authorized")
    page.unroute("**/login/complete")


def challenge(camera: Photographer, stage: Stage) -> None:
    """A move to the side, the pause after it, and one towards the camera."""
    pose = {"seen": Seen(box_xyxy=BOX)}

    def see() -> Seen:
        stage.clock.advance(0.12)
        return pose["seen"]

    def turned(yaw_deg: float) -> Seen:
        depth = Planarity(
            rms=0.08,
            off_plane_share=0.6,
            points=80,
            depth=0.3,
            bulge=0.2,
            off_sheet_share=0.6,
            skew=0.03,
        )
        return Seen(box_xyxy=BOX, yaw_deg=yaw_deg, hint=Hint.TURNED, planarity=depth)

    stage.seen = see
    planned = (Move.TURN_LEFT, Move.MOVE_CLOSER, Move.TURN_RIGHT, Move.MOVE_BACK)
    draw = tuple(PlannedMove(move, 0.5) for move in planned)
    with mock.patch.object(login, "draw_moves", return_value=(draw, draw)):
        camera.password()
        camera.line("Turn your head to the left")
        pose["seen"] = turned(13.0)
        camera.page.wait_for_timeout(500)
        camera.shoot("face-turn")
        pose["seen"] = turned(24.0)
        camera.line("Look straight into the camera")
        camera.shoot("face-between")
        pose["seen"] = Seen(box_xyxy=BOX)
        camera.line("Come closer")
        wide = BOX[2] - BOX[0]
        pose["seen"] = Seen(box_xyxy=(*BOX[:2], BOX[2] + 0.13 * wide, BOX[3]))
        camera.page.wait_for_timeout(500)
        camera.shoot("face-come-closer")
        pose["seen"] = Seen(person=None)
        camera.line("Once more")
        camera.shoot("face-once-more")


def colours(camera: Photographer, stage: Stage) -> None:
    """The notice, two of the colours, and a room that is too bright for them."""
    page, pose, goes_on = camera.page, {"yaw_deg": 0.0}, threading.Event()
    goes_on.set()

    def see() -> Seen:
        if goes_on.is_set():
            stage.clock.advance(0.12)
        depth = Planarity(
            rms=0.08,
            off_plane_share=0.6,
            points=80,
            depth=0.3,
            bulge=0.2,
            off_sheet_share=0.6,
            skew=0.03,
        )
        hint = Hint.TURNED if pose["yaw_deg"] else Hint.HOLD_STILL
        light = FaceLight((0.0, 0.0), (0.0, 0.0))
        return Seen(box_xyxy=BOX, yaw_deg=pose["yaw_deg"], hint=hint, planarity=depth, light=light)

    stage.seen = see
    moves = tuple(PlannedMove(move, 0.0) for move in (Move.TURN_LEFT, Move.TURN_RIGHT) * 2)
    shades = tuple(Colour) * 2
    with (
        mock.patch.object(login, "draw_moves", return_value=(moves, moves)),
        mock.patch.object(login, "draw_shades", return_value=(shades, shades)),
    ):
        camera.password()
        camera.line("The screen will change its colour")
        camera.shoot("colour-notice")
        page.get_by_role("button", name="Continue").click()
        for planned in moves:
            side = planned.move.value.removeprefix("turn_")
            camera.line(f"Turn your head to the {side}")
            pose["yaw_deg"] = 24.0 if side == "left" else -24.0
            camera.line("Look straight into the camera")
            pose["yaw_deg"] = 0.0
        for shade in (Colour.AMBER, Colour.VIOLET):
            goes_on.set()
            page.locator(f"body[data-shade={shade.value}]").wait_for(timeout=20_000)
            goes_on.clear()
            page.wait_for_timeout(800)
            camera.shoot(f"colour-{shade.value}")
        goes_on.set()
        camera.line("The colours did not show on your face")
        camera.shoot("colour-too-bright")


def no_camera(camera: Photographer, _stage: Stage) -> None:
    camera.password()
    camera.line("No camera to use")
    camera.shoot("face-denied")


def agree(page: Page) -> None:
    """Agree to an enrolment; ends on its camera page."""
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Agree and continue").click()
    page.get_by_role("button", name="Start the camera").wait_for()


def enrolment(camera: Photographer, stage: Stage) -> None:
    go_on = threading.Event()
    stage.seen = counted(4, go_on)
    camera.password("alan")
    camera.shoot("own-password")
    camera.page.get_by_label("New password").fill("four green kites above it")
    camera.page.get_by_label("The same again").fill("four green kites above it")
    camera.page.get_by_role("button", name="Save and continue").click()
    camera.page.wait_for_url("**/enrol")
    camera.shoot("enrol-agree")
    agree(camera.page)
    camera.shoot("enrol-begin")
    page = camera.page
    page.get_by_role("button", name="Start the camera").click()
    for _ in range(30):  # below the silence that ends a capture
        stage.clock.advance(0.3)
        page.wait_for_timeout(100)
        if "of 10" in page.inner_text("#detail"):
            break
    stage.seen = lambda: Seen(box_xyxy=BOX, yaw_deg=0.0)
    go_on.set()
    stage.clock.advance(1.0)
    camera.line("Turn your head a little to the left")
    camera.shoot("enrol-turn")


def _device_here(stage: Stage) -> str:
    """The browser of the picture, as a device of who is logged in."""
    return stage.container.identity.devices.list_devices(id_of(stage.container, "eileen"))[0].id


def inside(camera: Photographer, stage: Stage) -> None:
    stage.seen = lambda: Seen(box_xyxy=BOX)
    camera.password()
    camera.page.wait_for_url(camera.url + "/", timeout=20_000)
    grace, alan = id_of(stage.container, "grace"), id_of(stage.container, "alan")
    for name, path in (
        ("home", "/"),
        ("people", "/people"),
        ("people-none", "/people?search=zz"),
        ("person-add", "/people/add"),
        ("person", f"/people/{grace}"),
        ("person-erase", f"/people/{grace}/face/erase"),
        ("person-remove", f"/people/{grace}/remove"),
        ("person-enrol", f"/people/{grace}/enrol"),
        ("attempts", "/attempts"),
        ("audit", "/audit"),
        ("account", "/account"),
        ("account-data", "/account/data"),
        ("account-password", "/account/password"),
        ("account-face", "/account/face"),
        ("account-erase", "/account/face/erase"),
        ("account-attempts", "/account/attempts"),
        ("account-device", f"/account/devices/{_device_here(stage)}"),
        ("account-device-forget", f"/account/devices/{_device_here(stage)}/forget"),
        ("not-found", "/nowhere"),
        ("detection", "/detection"),
    ):
        camera.shoot(name, path=path)
    camera.page.goto(f"{camera.url}/audit")
    camera.page.get_by_role("button", name="Check now").click()
    camera.shoot("audit-checked")
    camera.page.goto(f"{camera.url}/people/{alan}")
    camera.page.get_by_role("button", name="Give a login code").click()
    camera.shoot("person-code")


def lab(camera: Photographer, stage: Stage) -> None:
    """The lab: nothing there yet, a take of the camera, looking through it, trying it."""
    page = camera.page
    stage.seen = lambda: Seen(box_xyxy=BOX)
    camera.password()
    page.wait_for_url(camera.url + "/", timeout=20_000)
    camera.shoot("lab-empty", path="/lab")
    page.get_by_label("Name", exact=True).fill("hall")
    page.get_by_role("button", name="Make it and collect").click()
    camera.shoot("lab-dataset-empty", path="/lab/datasets/hall")
    page.get_by_role("link", name="Collect").first.click()
    camera.shoot("lab-collect")
    stage.container.__dict__["clock"] = SystemClock()
    for label, subject in (("A person", "eileen"), ("An attack", "eileen")):
        page.goto(f"{camera.url}/lab/datasets/hall/collect")
        page.get_by_text(label, exact=True).click()
        page.get_by_label("Subject").fill(subject)
        page.get_by_label("Source").fill("studio")
        page.get_by_label("Seconds, at most").fill("6")
        page.get_by_text("The person filmed agrees").click()
        page.get_by_role("button", name="Start").click()
        page.locator("#count").wait_for(state="visible", timeout=20_000)
        if label == "A person":
            camera.shoot("lab-collect-count")
        page.get_by_text(re.compile(r"[1-9]\d* kept")).first.wait_for(timeout=60_000)
        if label == "A person":
            camera.shoot("lab-collect-running")
        page.locator("#review").wait_for(state="visible", timeout=60_000)
    camera.shoot("lab-collect-done")
    camera.shoot("lab-dataset", path="/lab/datasets/hall")
    page.locator(".shot input").first.check()
    page.get_by_role("button", name="Delete what is ticked").click()
    camera.shoot("lab-delete")
    page.get_by_role("button", name="Delete 1 presentation").click()
    camera.shoot("lab-deleted")
    camera.shoot("lab", path="/lab")
    camera.shoot("lab-try-begin", path="/lab/try")
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_text("Looking", exact=True).wait_for(timeout=20_000)
    page.wait_for_timeout(5_000)
    page.get_by_role("button", name="Stop").click()
    page.locator("#stage[data-state=done]").wait_for(timeout=20_000)
    camera.shoot("lab-try")
    page.get_by_text("Every frame as a table").click()
    page.locator("#cursor").fill("5")
    camera.shoot("lab-try-table")


def outside(camera: Photographer, _stage: Stage) -> None:
    camera.shoot("login", path="/login")
    camera.password(password="not the right one")  # noqa: S106 # nosec B106 # wrong on purpose
    camera.shoot("login-refused")
    camera.shoot("privacy", path="/privacy")
    camera.password()
    camera.page.wait_for_url("**/login/face")
    camera.shoot("login-code", path="/login/code")


def security(camera: Photographer, stage: Stage) -> None:
    """Factors beside the face: set up, shown, and asked for at the door."""
    page, identity = camera.page, stage.container.identity
    eileen = id_of(stage.container, "eileen")
    identity.recovery_codes.make(eileen)
    app = TOTP(identity.authenticator_apps.begin(eileen))
    identity.authenticator_apps.confirm(eileen, app.at(int(stage.clock.now().timestamp())))
    stage.seen = lambda: Seen(person=None)
    camera.password()
    camera.shoot("login-other", path="/login/other")
    camera.shoot("login-recovery", path="/login/recovery")
    camera.page.goto(camera.url + "/login/app")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Log in").click()
    camera.shoot("login-app-refused")
    stage.clock.advance(40)
    page.get_by_label("Code").fill(app.at(int(stage.clock.now().timestamp())))
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(camera.url + "/")
    for name, path in (
        ("account", "/account"),
        ("account-data", "/account/data"),
        ("security", "/account/security"),
    ):
        camera.shoot(name, path=path)
    page.goto(camera.url + "/account/security/app/add")
    page.wait_for_url("**/step-up/face")
    camera.shoot("step-up-face")
    camera.shoot("step-up", path="/step-up/other")
    camera.shoot("step-up-app", path="/step-up/app")
    stage.seen = lambda: Seen(box_xyxy=BOX)
    page.goto(camera.url + "/step-up/face")
    page.wait_for_url("**/account/security/app/add", timeout=30_000)
    page.get_by_role("button", name="Show the code").click()
    camera.shoot("security-app")
    page.goto(camera.url + "/account/security/codes")
    page.wait_for_url("**/account/security/codes", timeout=30_000)
    camera.shoot("security-codes-make")
    page.get_by_role("button", name="Make ten codes").click()
    camera.shoot("security-codes")
    stage.clock.advance(120)
    elsewhere = identity.devices.remember(None, eileen, label="Chrome on Windows")
    identity.sessions.begin(
        eileen, methods=("pwd", "face"), address="192.0.2.7", device_id=elsewhere.device.id
    )
    camera.shoot("news", path="/account")
    camera.shoot("sessions", path="/account/sessions")


def slowed_down(camera: Photographer, stage: Stage) -> None:
    """Too many wrong tries: the login, the camera page, and what the administration sees."""
    for _ in range(6):
        camera.password("grace", "not the right one")
    camera.shoot("login-wait")
    throttles, eileen = stage.container.identity.throttles, id_of(stage.container, "eileen")
    for _ in range(5):
        attempt = throttles.begin(Tried.FACE, subject=eileen, device=None, address="")
        if isinstance(attempt, Attempt):
            throttles.fail(attempt)
    camera.password()
    camera.page.get_by_text("Please wait").first.wait_for(timeout=20_000)
    camera.shoot("face-wait")
    stage.clock.advance(31)
    stage.seen = lambda: Seen(box_xyxy=BOX)
    camera.password()
    camera.page.wait_for_url(camera.url + "/", timeout=20_000)
    for _ in range(3):
        attempt = throttles.begin(
            Tried.PASSWORD, subject=id_of(stage.container, "grace"), device=None, address=""
        )
        if isinstance(attempt, Attempt):
            throttles.fail(attempt)
    camera.shoot("person-slowed", path=f"/people/{id_of(stage.container, 'grace')}")


def administration(camera: Photographer, stage: Stage) -> None:
    """People among thousands: lists, roles, invitations, faces that wait for a second person."""
    identity, page = stage.container.identity, camera.page
    crowd = settle(
        stage.container.settings, clock=stage.clock, people=2000, events=300,
        pack=stage.recognition.pack,
    )  # fmt: skip
    own = crowd.somebody[Role.ADMINISTRATOR]
    _come_in(camera, stage, own)
    waiting = identity.users.list_users(UserFilter(face=FaceState.PENDING)).users
    person, colleague = waiting[0].id, crowd.somebody[Role.OFFICER]
    identity.pending_faces.propose(person, face_of(3, samples=10), actor=colleague)
    identity.pending_faces.propose(waiting[1].id, face_of(4, samples=10), actor=own)
    identity.recovery_codes.make(person)
    for name, path in (
        ("people-many", "/people"),
        ("people-far", f"/people?after={crowd.middle}"),
        ("people-filtered", "/people?search=mason&role=viewer&state=waiting"),
        ("people-nobody", "/people?role=auditor&face=pending"),
        ("people-waiting", "/people?face=pending"),
        ("person-waiting", f"/people/{person}"),
        ("person-own-proposal", f"/people/{waiting[1].id}"),
        ("attempts-many", "/attempts"),
    ):
        camera.shoot(name, path=path)
    _confirm(camera, stage, own, "people.role", user_id=person)
    camera.shoot("person-role", path=f"/people/{person}/role")
    _confirm(camera, stage, own, "people.factors", user_id=person)
    camera.shoot("person-factors", path=f"/people/{person}/factors")
    page.goto(camera.url + "/people/add")
    page.get_by_label("Login name").fill("grace")
    page.get_by_label("Full name").fill("Grace Hopper")
    page.get_by_role("button", name="Add person").click()
    camera.shoot("person-invited")
    code = page.locator("[data-secret]").inner_text()
    page.context.clear_cookies()
    camera.shoot("invite-code", path=f"/invite#{code}")
    page.get_by_role("button", name="Continue").click()
    camera.shoot("invite-password")
    camera.shoot("invite-used", path="/invite")
    page.get_by_label("Code").fill("AAAAA-AAAAA")
    page.get_by_role("button", name="Continue").click()
    camera.shoot("invite-refused")
    camera.password(waiting[0].name)
    camera.shoot("login-new-face")
    for role, name in ((Role.AUDITOR, "auditor"), (Role.OFFICER, "officer")):
        page.context.clear_cookies()
        _come_in(camera, stage, crowd.somebody[role])
        camera.shoot(f"home-{name}", path="/")
        camera.shoot(f"person-{name}", path=f"/people/{waiting[2].id}")
    _come_in(camera, stage, person)
    camera.shoot("account-new-face", path="/account/new-face")


def tokens(camera: Photographer, stage: Stage) -> None:
    """No token yet, one that is made, several of them, one that is to be revoked; the reference."""
    identity, page = stage.container.identity, camera.page
    eileen = id_of(stage.container, "eileen")
    _come_in(camera, stage, eileen)
    camera.shoot("tokens-none", path="/tokens")
    _confirm(camera, stage, eileen, "tokens.make")
    camera.shoot("token-make", path="/tokens/make")
    page.get_by_label("What uses it").fill("Nightly import")
    for scope in (Scope.USERS_READ, Scope.USERS_WRITE):
        page.get_by_role("checkbox", name=scope.value).check()
    page.get_by_role("button", name="Make the token").click()
    camera.shoot("token-made")
    for name, scope in (("Shop", Scope.VERIFY), ("Watch", Scope.AUDIT_READ)):
        token, text = identity.api_tokens.make(name=name, scopes=[scope], days=30, maker=eileen)
        identity.api_tokens.find(text)
    identity.api_tokens.revoke(token.id, actor=eileen)
    camera.shoot("tokens", path="/tokens")
    page.get_by_role("link", name="Revoke Nightly import").click()
    camera.shoot("token-revoke")
    camera.shoot("token-reference", path="/tokens/reference")


def _come_in(camera: Photographer, stage: Stage, user_id: UserId) -> None:
    """A session without the way to it."""
    identity = stage.container.identity
    token = identity.sessions.begin(user_id, methods=("pwd", "face"), address="127.0.0.1")
    camera.page.context.add_cookies([{"name": SESSION, "value": token, "url": camera.url}])


def _confirm(camera: Photographer, stage: Stage, who: UserId, act: str, **parameters: str) -> None:
    """As if the act had just been confirmed with the camera."""
    identity = stage.container.identity
    cookies = camera.page.context.cookies()
    token = next(cookie["value"] for cookie in cookies if cookie["name"] == SESSION)
    session = identity.sessions.find(token)
    if session is None:
        raise LookupError(act)
    fresh = identity.step_up.issue(
        who, session_id=session.id, act_digest=Act(act, parameters).digest
    )
    camera.page.context.add_cookies([{"name": FRESH, "value": fresh, "url": camera.url}])


@contextlib.contextmanager
def running(*, with_people: bool, policy: str) -> Iterator[tuple[Stage, str]]:
    with tempfile.TemporaryDirectory() as home:
        stage = Stage(Path(home), policy=policy)
        if with_people:
            people(stage.container, stage.clock)
        with serving(stage.app) as host:
            yield stage, f"http://{host.replace('127.0.0.1', 'localhost')}"


ROUNDS: tuple[tuple[Callable[[Photographer, Stage], None], bool, str], ...] = (
    (first_run, False, "clip"),
    (outside, True, "clip"),
    (face_step, True, "clip"),
    (challenge, True, "clip"),
    (colours, True, "clip"),
    (no_camera, True, "refused"),
    (enrolment, True, "clip"),
    (inside, True, "clip"),
    (security, True, "clip"),
    (tokens, True, "clip"),
    (lab, True, "clip"),
    (slowed_down, True, "clip"),
    (administration, False, "clip"),
)

POLICIES = {"challenge": "standard", "colours": "strict"}
"""Of the rounds that ask for more than good frames."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of the names of the pictures to keep")
    parser.add_argument("--round", default="", help="one round: inside, outside, face_step ...")
    parser.add_argument("--look", default="", help="light, dark or phone")
    parser.add_argument("--out", type=Path, default=IMAGES)
    wish = parser.parse_args()
    wish.out.mkdir(parents=True, exist_ok=True)
    chromium = find_chromium()
    if chromium is None:
        parser.exit(1, "Chromium is missing: run tools/ensure-test-tools.\n")
    clip = ClipShelf(Path(tempfile.gettempdir()) / "countenance-clips").of_scene(
        Scene(Kind.LIVE, seconds=3.0)
    )
    with sync_playwright() as playwright:
        for act, with_people, camera in ROUNDS:
            if wish.round not in act.__name__:
                continue
            for look in LOOKS:
                if wish.look not in look.name:
                    continue
                policy = POLICIES.get(act.__name__, "passive")
                with running(with_people=with_people, policy=policy) as (stage, url):
                    visitor = launch(
                        playwright, executable=chromium, feed=clip, camera=camera,  # type: ignore[arg-type]
                        context_options=look.options,
                    )  # fmt: skip
                    try:
                        act(Photographer(visitor, url, look, wish.out, wish.only), stage)
                        if visitor.page_errors:
                            parser.exit(1, "\n".join(visitor.page_errors))
                    finally:
                        visitor.close()


if __name__ == "__main__":
    main()
