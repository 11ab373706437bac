"""Ways in that are given to, or taken from, somebody else: links, login codes, second factors."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for

from countenance.apps.assurance import fresh_required
from countenance.identity.interfaces import User
from countenance.identity.permissions import Permission
from countenance.identity.second_factors import drop_second_factors
from countenance.web import factors as own_factors
from countenance.web.access import permission_required, subject_of_act
from countenance.web.context import actor, identity, web
from countenance.web.pages import steps
from countenance.web.pages.auth import Answer


@permission_required(Permission.RESET_CREDENTIALS)
@fresh_required("people.password", title="Give a link for a new password", parameters=("user_id",))
def password(user_id: str) -> Answer:
    user = subject_of_act(user_id)
    return show_secret(user, "reset", identity().invitations.reset(user.id, actor=actor()))


@permission_required(Permission.ISSUE_LOGIN_CODES)
@fresh_required("people.code", title="Give a login code", parameters=("user_id",))
def code(user_id: str) -> Answer:
    user = subject_of_act(user_id)
    return show_secret(user, "code", identity().login_codes.issue(user.id, actor=actor()))


@permission_required(Permission.ISSUE_LOGIN_CODES)
def unlock(user_id: str) -> Answer:
    user = subject_of_act(user_id)
    identity().throttles.unlock(user.id, actor=actor())
    identity().authenticator_apps.unlock(user.id)
    steps.say(f"{user.display_name} can try again at once.")
    return redirect(url_for("people.person", user_id=user_id))


def show_secret(user: User, kind: str, secret: str) -> str:
    """Shown in the answer itself: it is nowhere else, and `no-store` keeps it out of caches."""
    limits = web().container.settings.login
    return render_template(
        "person_secret.html",
        person=user,
        kind=kind,
        secret=secret,
        # After the #, where neither a proxy nor this server writes it into a log.
        link=f"{url_for('invite.invite', _external=True)}#{secret}",
        minutes=int(limits.code_lifetime_s // 60),
        hours=int(limits.invitation_lifetime_s // 3600),
    )


@permission_required(Permission.RESET_CREDENTIALS)
@fresh_required("people.factors", title="Remove second factors", parameters=("user_id",))
def factors(user_id: str) -> Answer:
    """Drop whatever else than the face somebody set up: a lost phone, a lost key."""
    user = subject_of_act(user_id)
    if request.method == "GET":
        return render_template(
            "person_factors.html", person=user, names=own_factors.second_factors(user)
        )
    drop_second_factors(identity(), user.id, actor=actor())
    steps.say(f"The second factors of {user.display_name} are removed.")
    return redirect(url_for("people.person", user_id=user_id))
