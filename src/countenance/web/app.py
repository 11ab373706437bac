"""The web application: every page behind the guard, every form behind its token."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any

from flask import Blueprint, Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from countenance.apps.api import find_apps
from countenance.bootstrap import Container
from countenance.ceremony.protocol import MAX_MESSAGE_BYTES
from countenance.identity.errors import StorageError
from countenance.identity.interfaces import Device, Session
from countenance.identity.throttling import neighbourhood
from countenance.images.image import Image
from countenance.pad.camera import CameraScores
from countenance.vision.engine import Engine, StillAnalysis
from countenance.vision.timed import Watch, timed
from countenance.web import access, wording
from countenance.web.api.blueprint import make_blueprint as make_api
from countenance.web.assurance import register_assurance
from countenance.web.capture.admission import Admission
from countenance.web.capture.course import FrameObserver, Recognition
from countenance.web.capture.socket import make_capture_blueprint
from countenance.web.capture.turns import Turns, places_for
from countenance.web.consent import read_consent_text
from countenance.web.context import EXTENSION, Web, find_session, identity
from countenance.web.cookies import FormSessions
from countenance.web.errors import register_errors
from countenance.web.installing import ModelInstallation
from countenance.web.keys import form_key
from countenance.web.lab.engine import ContainerLabEngine, LabEngine
from countenance.web.lab.socket import make_lab_socket
from countenance.web.lab.uploads import sweep_uploads, upload_folder
from countenance.web.metrics import Metrics
from countenance.web.pages import (
    account,
    attempts,
    audit,
    auth,
    detection,
    enrol,
    factors,
    home,
    invite,
    lab,
    passkey_login,
    passkeys,
    pending_face,
    people,
    privacy,
    sessions,
    setup,
    step_up,
    tokens,
    watch,
    ways,
)
from countenance.web.request_log import register_request_log
from countenance.web.security import register_headers
from countenance.web.tls_channel import with_tls_channels
from countenance.web.verification.page import make_blueprint as make_verification_pages
from countenance.web.verification.socket import make_verification_socket

_PAGES = (
    home,
    setup,
    auth,
    invite,
    ways,
    passkey_login,
    enrol,
    pending_face,
    account,
    factors,
    passkeys,
    step_up,
    sessions,
    people,
    attempts,
    audit,
    tokens,
    privacy,
    watch,
    lab,
    detection,
)
MESSAGE_SLACK_BYTES = 4096
"""Beyond the largest frame, so that one slightly too large is told so before the socket closes."""


def create_app(
    container: Container,
    *,
    recognition: Recognition | None = None,
    lab_engine: LabEngine | None = None,
) -> Flask:
    """Make the application of one process.

    Args:
        container: the parts; database and engine are opened when a page first needs them.
        recognition: stands in for the engine of the container; None takes that.
        lab_engine: the same for the lab.

    Raises: ConfigurationError: an installed app does not load, or the key file cannot be read.
    """
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=form_key(container),
        WTF_CSRF_TIME_LIMIT=None,  # as long as the form cookie, which the browser forgets
        MAX_CONTENT_LENGTH=65_536,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=1),
        SESSION_COOKIE_HTTPONLY=True,
        SOCK_SERVER_OPTIONS={
            "max_message_size": MAX_MESSAGE_BYTES + MESSAGE_SLACK_BYTES,
            "ping_interval": 5,
            "receive_bytes": 65_536,
        },
    )
    app.session_interface = FormSessions()
    metrics, admission = Metrics(), Admission(limit=container.settings.capture.max_concurrent)
    app.extensions[EXTENSION] = Web(
        container=container,
        metrics=metrics,
        admission=admission,
        apps=find_apps(),
        recognition=recognition or EngineRecognition(container, metrics.stage),
        turns=Turns(places=places_for(container.settings.engine.threads)),
        consent=read_consent_text(container.settings.privacy.consent_file),
        lab=lab_engine or ContainerLabEngine(container),
        installation=ModelInstallation(),
    )
    secured: Any = with_tls_channels(app.wsgi_app)
    app.wsgi_app = secured  # type: ignore[method-assign]  # Flask's documented way to wrap it
    _believe_proxies(app, container.settings.server.trusted_proxies)
    metrics.watch_requests(app)
    metrics.watch_places(admission, limit=container.settings.capture.max_concurrent)
    metrics.watch_sessions(container.identity.sessions)
    container.identity.after_audit(metrics.on_row)
    register_request_log(app, believes_proxies=container.settings.server.trusted_proxies > 0)
    csrf = CSRFProtect(app)
    register_headers(app)
    register_errors(app)
    register_assurance(app)
    access.register_guard(app)
    _register_pages(app)
    csrf.exempt(_register_api(app))
    csrf.exempt(_register_verifications(app))
    _register_limits(app)
    app.context_processor(_page_values)
    sweep_uploads(upload_folder(container.settings.home))
    wording.register_filters(app)
    return app


class EngineRecognition:
    """The engine of the container, opened when the first capture needs it."""

    def __init__(self, container: Container, watch: Watch) -> None:
        self._container = container
        self._watch = watch

    @cached_property
    def _timed(self) -> Engine:
        return timed(self._container.engine, self._watch)

    @property
    def pack(self) -> str:
        return self._container.engine.pack

    def identification_threshold(self, *, enrolled: int, fpir: float) -> float:
        return self._container.engine.thresholds.identification(enrolled=enrolled, fpir=fpir)

    @property
    def match_similarity(self) -> float:
        return self._container.engine.thresholds.match_similarity

    def analyse_still(self, image: Image) -> StillAnalysis:
        return self._container.engine.analyse_still(image)

    @property
    def detector(self) -> str:
        return self._container.engine.pad.fingerprint

    def threshold_shift(self, scores: CameraScores | None) -> float:
        return self._container.engine.threshold_shift(scores)

    def new_observer(self, *, enrols: bool = False) -> FrameObserver:
        return self._timed.observer(enrols=enrols)


def _believe_proxies(app: Flask, count: int) -> None:
    if count:
        fixed: Any = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
        app.wsgi_app = fixed  # type: ignore[method-assign]  # Flask's documented way to wrap it


def _register_pages(app: Flask) -> None:
    for module in _PAGES:
        app.register_blueprint(module.make_blueprint())
    app.register_blueprint(make_capture_blueprint())
    app.register_blueprint(make_lab_socket())
    app.register_blueprint(make_verification_socket())
    for plugin in app.extensions[EXTENSION].apps:
        app.register_blueprint(
            plugin.blueprint(),
            name=access.blueprint_name(plugin.slug),
            url_prefix=f"/apps/{plugin.slug}",
        )


def _register_api(app: Flask) -> Blueprint:
    """The API; no browser's cookie opens it, so its requests need no form token."""
    api = make_api()
    app.register_blueprint(api)
    return api


def _register_verifications(app: Flask) -> Blueprint:
    """What pages of other apps ask; a client secret in the body stands for the form token."""
    pages = make_verification_pages()
    app.register_blueprint(pages)
    return pages


def _register_limits(app: Flask) -> None:
    """Per address, counted in the memory of this one worker."""
    limiter = Limiter(_neighbourhood, app=app, storage_uri="memory://")
    for endpoint, view in app.view_functions.items():
        if rule := access.limit_of(view):
            kept: Any = limiter.limit(rule, methods=["POST"])(view)
            app.view_functions[endpoint] = kept


def _neighbourhood() -> str:
    return neighbourhood(get_remote_address())


def _page_values() -> dict[str, object]:
    session = find_session()
    return {
        "session_row": session,
        "user": session.user if session else None,
        "new_devices": lambda: _new_devices(session),
    }


def _new_devices(session: Session | None) -> tuple[Device, ...]:
    """What the session has to be told; nothing when the database is away, which the page tells."""
    if session is None:
        return ()
    try:
        return identity().news.of_session(session.id)
    except StorageError:
        return ()
