"""People: what holds on every database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from countenance.biometrics.templates import Template
from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.errors import (
    AlreadySetUpError,
    LastAdministratorError,
    NameTakenError,
    OwnRoleError,
    UnacceptableNameError,
    UserNotFoundError,
    WeakPasswordError,
)
from countenance.identity.interfaces import (
    FaceState,
    Purpose,
    Role,
    User,
    UserFilter,
    UserId,
    UserState,
)
from countenance.identity.services import Identity
from tests.contract.support import PASSWORD, add_viewer, all_rows, outcomes


def test_set_up_makes_one_enabled_administrator(identity: Identity) -> None:
    assert not identity.users.is_set_up()
    ada = identity.users.set_up(name=" Ada ", display_name="", password=PASSWORD)
    assert identity.users.is_set_up()
    assert (ada.name, ada.display_name, ada.role) == ("ada", "Ada", Role.ADMINISTRATOR)
    assert ada.is_enabled
    assert not ada.must_change_password
    assert ada.face is None
    assert ada.last_login_at is None
    with pytest.raises(AlreadySetUpError):
        identity.users.set_up(name="eve", display_name="Eve", password=PASSWORD)


def test_of_set_ups_that_race_one_wins(identity: Identity) -> None:
    def set_up(number: int) -> User:
        return identity.users.set_up(name=f"ada{number}", display_name="", password=PASSWORD)

    done, refused = outcomes(set_up, range(6), error=AlreadySetUpError)
    assert (len(done), refused) == (1, 5)
    assert identity.users.list_users().total == 1


def test_an_administrator_from_the_command_line_ends_setup(identity: Identity) -> None:
    identity.users.add(
        name="ops", display_name="", password=PASSWORD, role=Role.ADMINISTRATOR, actor=None
    )
    assert identity.users.is_set_up()
    with pytest.raises(AlreadySetUpError):
        identity.users.set_up(name="eve", display_name="Eve", password=PASSWORD)


def test_a_failed_set_up_leaves_nothing(identity: Identity) -> None:
    with pytest.raises(WeakPasswordError):
        identity.users.set_up(name="ada", display_name="", password="short")
    with pytest.raises(UnacceptableNameError):
        identity.users.set_up(name="", display_name="", password=PASSWORD)
    assert not identity.users.is_set_up()
    assert identity.users.list_users().total == 0
    assert identity.audit.list_events() == ()


def test_one_name_in_any_case_is_one_user(identity: Identity, admin: User) -> None:
    with pytest.raises(NameTakenError):
        add_viewer(identity, "ADA", actor=admin)
    assert identity.users.find("aDa") == admin
    assert identity.users.find("nobody") is None
    assert identity.users.find("no such name!") is None
    assert identity.users.get(admin.id) == admin


def test_of_adds_of_one_name_that_race_one_wins(identity: Identity, admin: User) -> None:
    done, refused = outcomes(
        lambda _: add_viewer(identity, "bob", actor=admin), range(6), error=NameTakenError
    )
    assert (len(done), refused) == (1, 5)


@pytest.mark.parametrize(
    "user_id", ["", "x", "\0", "0" * 400, "00000000-0000-0000-0000-000000000000"]
)
def test_an_unknown_id_is_told_whatever_it_looks_like(identity: Identity, user_id: str) -> None:
    with pytest.raises(UserNotFoundError):
        identity.users.get(UserId(user_id))
    with pytest.raises(UserNotFoundError):
        identity.users.remove(UserId(user_id), actor=None)
    assert not identity.passwords.verify_for(UserId(user_id), password=PASSWORD)


def test_a_search_finds_part_of_either_name_in_any_case(identity: Identity, admin: User) -> None:
    add_viewer(identity, "jörg", display_name="Jörg Ödegård", actor=admin)
    add_viewer(identity, "percent", display_name="50% off_", actor=admin)

    def found(text: str) -> list[str]:
        return [user.name for user in identity.users.list_users(UserFilter(search=text)).users]

    assert found("LOVE") == ["ada"]
    assert found("ÖDEG") == ["jörg"]
    # Wildcards of SQL are plain characters here.
    assert found("%") == ["percent"]
    assert found("_") == ["percent"]
    assert found("nobody") == []
    assert found("\0") == found("") == ["ada", "jörg", "percent"]


def test_a_page_counts_what_fits_on_all_pages(
    identity: Identity, admin: User, template: Template
) -> None:
    names = [f"user{number:02}" for number in range(12)]
    users = [add_viewer(identity, name, actor=admin) for name in names]
    for user in users[:3]:
        identity.vault.store(user.id, template, actor=None)
    fits = UserFilter(search="user")
    page = identity.users.list_users(fits, after=names[4], limit=4)
    assert [user.name for user in page.users] == names[5:9]
    assert (page.total, page.enrolled) == (12, 3)
    assert identity.users.list_users(UserFilter(search="user02")).users[0].face is not None


def test_pages_lead_through_everybody_and_back(identity: Identity, admin: User) -> None:
    for number in range(7):
        add_viewer(identity, f"user{number}", actor=admin)
    everybody = [user.name for user in identity.users.list_users().users]
    for limit in (1, 3, 4, 5, 8, 50):
        forward, back = [identity.users.list_users(limit=limit)], []
        while forward[-1].has_after:
            last = forward[-1].users[-1].name
            forward.append(identity.users.list_users(after=last, limit=limit))
        at = forward[-1]
        while at.has_before:
            at = identity.users.list_users(before=at.users[0].name, limit=limit)
            back.append(at)
        assert [user.name for page in forward for user in page.users] == everybody
        assert [page.has_before for page in forward] == [False] + [True] * (len(forward) - 1)
        returned = [user.name for page in reversed(back) for user in page.users]
        assert returned == everybody[: len(everybody) - len(forward[-1].users)]
        assert {page.total for page in forward + back} == {8}


def test_a_page_whose_cursor_is_gone_or_strange_still_opens(
    identity: Identity, admin: User
) -> None:
    add_viewer(identity, "bob", actor=admin)
    assert [u.name for u in identity.users.list_users(after="adam").users] == ["bob"]
    for cursor in ("zzz", "\0zzz\ud800"):
        page = identity.users.list_users(after=cursor)
        assert (page.users, page.total, page.has_after) == ((), 2, False)


def test_filters_narrow_down_by_role_state_and_face(
    identity: Identity, admin: User, template: Template
) -> None:
    bob, cyd, dot = (add_viewer(identity, name, actor=admin) for name in ("bob", "cyd", "dot"))
    identity.users.set_role(bob.id, Role.OFFICER, actor=admin.id)
    identity.users.set_enabled(cyd.id, enabled=False, actor=admin.id)
    identity.vault.store(bob.id, template, actor=None)
    identity.vault.store(dot.id, Template(template.samples, "other/2"), actor=None)

    def found(**wanted: object) -> list[str]:
        fits = UserFilter(**wanted, pack=template.pack)  # type: ignore[arg-type]
        page = identity.users.list_users(fits)
        assert page.total == len(page.users)
        return [user.name for user in page.users]

    assert found(role=Role.OFFICER) == ["bob"]
    assert found(role=Role.AUDITOR) == []
    assert found(state=UserState.DISABLED) == ["cyd"]
    assert found(state=UserState.ENABLED) == ["ada", "bob", "dot"]
    assert found(face=FaceState.ENROLLED) == ["bob"]
    assert found(face=FaceState.OTHER_PACK) == ["dot"]
    assert found(face=FaceState.NONE) == ["ada", "cyd"]
    assert found(search="d", role=Role.VIEWER, state=UserState.ENABLED) == ["dot"]
    every_pack = identity.users.list_users(UserFilter(face=FaceState.ENROLLED))
    assert [user.name for user in every_pack.users] == ["bob", "dot"]


def test_names_are_told_of_those_who_are_there(identity: Identity, admin: User) -> None:
    bob = add_viewer(identity, "bob", display_name="Bob", actor=admin)
    asked = {admin.id, bob.id, UserId("\0"), UserId("00000000-0000-4000-8000-000000000000")}
    assert identity.users.names(asked) == {admin.id: "Ada Lovelace", bob.id: "Bob"}
    assert identity.users.names(set()) == {}


def test_a_disabled_user_loses_every_way_in(identity: Identity, admin: User) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    session = identity.sessions.begin(bob.id, methods=("pwd",), address="")
    pending = identity.transactions.begin(Purpose.LOGIN, user_id=bob.id, actor_id=None, address="")
    code = identity.login_codes.issue(bob.id, actor=admin.id)
    assert not identity.users.set_enabled(bob.id, enabled=False, actor=admin.id).is_enabled

    assert identity.sessions.find(session) is None
    assert identity.transactions.find(pending) is None
    assert not identity.login_codes.redeem(bob.id, code)
    assert identity.passwords.verify(name="bob", password=PASSWORD) is None
    for begin in (
        lambda: identity.sessions.begin(bob.id, methods=("pwd",), address=""),
        lambda: identity.transactions.begin(
            Purpose.LOGIN, user_id=bob.id, actor_id=None, address=""
        ),
    ):
        with pytest.raises(UserNotFoundError):
            begin()

    assert identity.users.set_enabled(bob.id, enabled=True, actor=admin.id).is_enabled
    assert identity.passwords.verify(name="bob", password=PASSWORD) is not None
    assert identity.sessions.find(session) is None


def test_somebody_can_always_administer(identity: Identity, admin: User) -> None:
    with pytest.raises(LastAdministratorError):
        identity.users.set_enabled(admin.id, enabled=False, actor=admin.id)
    with pytest.raises(LastAdministratorError):
        identity.users.remove(admin.id, actor=admin.id)
    assert identity.users.get(admin.id).is_enabled


def test_another_role_ends_every_login_and_what_was_begun_for_others(
    identity: Identity, admin: User
) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    cyd = add_viewer(identity, "cyd", actor=admin)
    session = identity.sessions.begin(bob.id, methods=("pwd",), address="")
    begun = identity.transactions.begin(
        Purpose.ENROLMENT, user_id=cyd.id, actor_id=bob.id, address=""
    )
    changed = identity.users.set_role(bob.id, Role.OFFICER, actor=admin.id)
    assert changed.role is Role.OFFICER
    assert identity.sessions.find(session) is None
    assert identity.transactions.find(begun) is None
    (event,) = identity.audit.list_events(tags=(Tag.USER_ROLE_CHANGED,))
    assert (event.subject_id, event.actor_id) == (bob.id, admin.id)
    assert event.details == {"from": "viewer", "to": "officer"}


def test_the_role_one_has_already_changes_nothing(identity: Identity, admin: User) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    session = identity.sessions.begin(bob.id, methods=("pwd",), address="")
    assert identity.users.set_role(bob.id, Role.VIEWER, actor=admin.id).role is Role.VIEWER
    assert identity.sessions.find(session) is not None
    assert identity.audit.list_events(tags=(Tag.USER_ROLE_CHANGED,)) == ()


def test_nobody_changes_the_own_role(identity: Identity, admin: User) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    for user in (admin, bob):
        for role in Role:
            with pytest.raises(OwnRoleError):
                identity.users.set_role(user.id, role, actor=user.id)
    assert identity.users.get(bob.id).role is Role.VIEWER


def test_the_last_enabled_administrator_keeps_the_role(identity: Identity, admin: User) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    with pytest.raises(LastAdministratorError):
        identity.users.set_role(admin.id, Role.AUDITOR, actor=bob.id)
    identity.users.set_role(bob.id, Role.ADMINISTRATOR, actor=admin.id)
    identity.users.set_enabled(bob.id, enabled=False, actor=admin.id)
    with pytest.raises(LastAdministratorError):
        identity.users.set_role(admin.id, Role.VIEWER, actor=None)
    identity.users.set_enabled(bob.id, enabled=True, actor=admin.id)
    assert identity.users.set_role(admin.id, Role.VIEWER, actor=bob.id).role is Role.VIEWER


def test_administrators_who_disable_each_other_leave_one(identity: Identity, admin: User) -> None:
    users = [admin] + [
        identity.users.add(
            name=name, display_name="", password=PASSWORD, role=Role.ADMINISTRATOR, actor=None
        )
        for name in ("bob", "cyd", "dot")
    ]
    done, refused = outcomes(
        lambda user: identity.users.set_enabled(user.id, enabled=False, actor=None),
        users,
        error=LastAdministratorError,
    )
    assert (len(done), refused) == (3, 1)
    assert sum(user.is_enabled for user in identity.users.list_users().users) == 1


def test_removal_leaves_only_ids(
    identity: Identity, admin: User, template: Template, database_url: str
) -> None:
    bob = add_viewer(identity, "robert", display_name="Robert Removed", actor=admin)
    identity.vault.store(bob.id, template, actor=admin.id)
    identity.sessions.begin(bob.id, methods=("pwd", "face"), address="192.0.2.1")
    token = identity.transactions.begin(
        Purpose.ENROLMENT, user_id=bob.id, actor_id=admin.id, address=""
    )
    identity.transactions.issue_ticket(token)
    identity.login_codes.issue(bob.id, actor=admin.id)
    identity.users.remove(bob.id, actor=admin.id)

    rows = all_rows(database_url)
    tables = {table for table, row in rows if bob.id in row}
    assert tables == {"audit", "template_changes"}
    assert not any("robert" in row.casefold() for _, row in rows)
    for table in ("templates", "template_keys", "sessions", "transactions", "tickets"):
        assert not [row for name, row in rows if name == table]
    with pytest.raises(UserNotFoundError):
        identity.users.get(bob.id)


def test_ceremonies_that_a_removed_administrator_began_are_over(
    identity: Identity, admin: User
) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    ops = identity.users.add(
        name="ops", display_name="", password=PASSWORD, role=Role.ADMINISTRATOR, actor=None
    )
    token = identity.transactions.begin(
        Purpose.ENROLMENT, user_id=bob.id, actor_id=ops.id, address=""
    )
    identity.users.remove(ops.id, actor=admin.id)
    assert identity.transactions.find(token) is None


def test_each_act_leaves_its_tag_with_who_did_it(
    identity: Identity, admin: User, template: Template
) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    identity.users.set_enabled(bob.id, enabled=False, actor=admin.id)
    identity.users.set_enabled(bob.id, enabled=False, actor=admin.id)  # changes nothing
    identity.users.set_enabled(bob.id, enabled=True, actor=admin.id)
    identity.passwords.change(bob.id, password="another long one")
    identity.invitations.reset(bob.id, actor=admin.id)
    identity.vault.store(bob.id, template, actor=bob.id)
    identity.vault.erase(bob.id, actor=bob.id)
    identity.vault.erase(bob.id, actor=bob.id)  # nothing to erase
    identity.users.remove(bob.id, actor=admin.id)
    events = identity.audit.list_events(subject_id=bob.id)
    assert [(event.tag, event.actor_id) for event in reversed(events)] == [
        (Tag.USER_ADDED, admin.id),
        (Tag.USER_DISABLED, admin.id),
        (Tag.USER_ENABLED, admin.id),
        (Tag.PASSWORD_CHANGED, bob.id),
        (Tag.PASSWORD_RESET, admin.id),
        (Tag.INVITATION_ISSUED, admin.id),
        (Tag.FACE_ENROLLED, bob.id),
        (Tag.FACE_ERASED, bob.id),
        (Tag.USER_REMOVED, admin.id),
    ]


def test_times_come_back_aware_and_in_utc(admin: User, clock: ManualClock) -> None:
    assert admin.created_at == clock.now()
    assert admin.created_at.utcoffset() == clock.now().utcoffset()


def test_services_serve_many_threads(identity: Identity, admin: User) -> None:
    def visit(number: int) -> bool:
        user = add_viewer(identity, f"user{number}", actor=admin)
        token = identity.sessions.begin(user.id, methods=("pwd",), address="")
        session = identity.sessions.find(token)
        return session is not None and session.user.id == user.id

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(visit, range(24)))
    assert identity.users.list_users(limit=1).total == 25


def test_faces_are_counted_by_the_pack_that_made_them(
    identity: Identity, admin: User, template: Template
) -> None:
    assert identity.users.count_faces() == {}
    other = Template(template.samples, "other/2")
    identity.vault.store(admin.id, template, actor=None)
    for name in ("ben", "eve"):
        identity.vault.store(add_viewer(identity, name).id, other, actor=None)
    add_viewer(identity, "no-face")
    assert identity.users.count_faces() == {template.pack: 1, "other/2": 2}
    identity.vault.erase(admin.id, actor=None)
    assert identity.users.count_faces() == {"other/2": 2}


def test_a_renamed_user_is_found_by_the_new_name_and_the_trail_does_not_keep_it(
    identity: Identity, admin: User
) -> None:
    grace = add_viewer(identity, "grace", display_name="Grace Murray")
    renamed = identity.users.rename(grace.id, " Grace  Hopper ", actor=admin.id)
    assert (renamed.name, renamed.display_name) == ("grace", "Grace Hopper")
    assert identity.users.list_users(UserFilter(search="hopper")).users == (renamed,)
    assert identity.users.list_users(UserFilter(search="murray")).total == 0
    assert identity.users.rename(grace.id, "Grace Hopper", actor=admin.id) == renamed
    (row,) = identity.audit.list_events(subject_id=grace.id, tags=(Tag.USER_RENAMED,))
    assert (row.actor_id, dict(row.details)) == (admin.id, {})
    assert identity.users.rename(grace.id, "", actor=None).display_name == "grace"
    with pytest.raises(UnacceptableNameError):
        identity.users.rename(grace.id, "a" * 101, actor=None)
