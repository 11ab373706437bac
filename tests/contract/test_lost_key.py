"""The way out that the documentation describes for a lost master key."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from countenance.biometrics.templates import Template
from countenance.errors import ConfigurationError
from countenance.identity.interfaces import User
from countenance.identity.services import Identity
from tests.contract.support import PASSWORD, execute

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "storage-and-keys.md"


def test_the_documented_statements_let_an_installation_go_on(
    identity: Identity,
    admin: User,
    template: Template,
    open_another: Callable[..., Identity],
    database_url: str,
    tmp_path: Path,
) -> None:
    identity.vault.store(admin.id, template, actor=None)
    identity.close()
    (tmp_path / "keys" / "master.key").unlink()
    with pytest.raises(ConfigurationError, match=PAGE.name):
        open_another()
    block = re.search(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    assert block
    for statement in filter(None, (line.strip().rstrip(";") for line in block[1].splitlines())):
        execute(database_url, statement)

    after = open_another()
    known = after.passwords.verify(name="ada", password=PASSWORD)
    assert known is not None
    assert known.face is None
    assert after.vault.load(admin.id) is None
    after.vault.store(admin.id, template, actor=None)
    assert after.vault.load(admin.id) is not None
