"""What is behind the door: the apps, and what belongs to the door itself."""

from __future__ import annotations

import ipaddress

from flask import Blueprint, render_template

from countenance.events import Tag
from countenance.identity.permissions import Permission
from countenance.web import wording
from countenance.web.context import address, identity, session, web
from countenance.web.pages.detection import is_second_opinion_to_be_had


def make_blueprint() -> Blueprint:
    """`/`."""
    pages = Blueprint("home", __name__)
    pages.add_url_rule("/", "home", home)
    return pages


def home() -> str:
    current = session()
    user = current.user
    sees_people = user.may(Permission.READ_PEOPLE)
    sees_attempts = user.may(Permission.READ_ATTEMPTS)
    return render_template(
        "home.html",
        apps=[app for app in web().apps if user.role in app.opens_for],
        methods=wording.methods(current.methods),
        place=_place(address()),
        people=identity().users.list_users(limit=1) if sees_people else None,
        refused=len(_newest_refusals()) if sees_attempts else None,
        pack=web().recognition.pack,
        offers_second_opinion=user.may(Permission.MANAGE_DETECTOR)
        and is_second_opinion_to_be_had(web().container),
    )


def _newest_refusals() -> tuple[object, ...]:
    return identity().audit.list_events(
        tags=(Tag.LOGIN_REFUSED, Tag.VERIFICATION_REFUSED), limit=50
    )


def _place(text: str) -> str:
    try:
        is_here = ipaddress.ip_address(text).is_loopback
    except ValueError:
        return "an unknown address"
    return "this computer" if is_here else text
