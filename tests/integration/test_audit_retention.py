"""What is older than it is kept goes: by the running server, by command, and the page says when."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from countenance.cli.main import main
from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.services import Identity, open_identity
from countenance.settings import read_settings
from tests.fakes.doors import open_door
from tests.harness.server import Server, free_port

OLD = 500
"""Days ago."""


def opened(home: Path, *, days_ago: float = 0) -> Identity:
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    return open_identity(read_settings({"COUNTENANCE_HOME": str(home)}), clock=ManualClock(moment))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation with five rows of 500 days ago and three of today."""
    home = tmp_path / "home"
    home.mkdir()
    for days_ago, count in ((OLD, 5), (0, 3)):
        identity = opened(home, days_ago=days_ago)
        for _ in range(count):
            identity.audit.append(Tag.LOGIN_REFUSED, address="192.0.2.7")
        identity.close()
    return home


def audit(home: Path, *words: str, days: str = "365", code: int = 0) -> Result:
    done = CliRunner().invoke(
        main, ["--home", str(home), "audit", *words], env={"COUNTENANCE_ATTEMPTS_DAYS": days}
    )
    assert done.exit_code == code, done.output
    return done


def test_the_command_says_first_and_deletes_after_a_yes(home: Path) -> None:
    told = json.loads(audit(home, "prune", "--dry-run", "--json").stdout)
    assert (told["rows"], told["dry_run"]) == (5, True)
    assert "Intact: 8 rows" in audit(home, "verify").stdout
    CliRunner().invoke(main, ["--home", str(home), "audit", "prune"], input="n\n")
    assert "Intact: 8 rows" in audit(home, "verify").stdout
    assert "Deleted 5 rows" in audit(home, "prune", "--yes").stdout
    assert "Pruned before them: 5 rows" in audit(home, "verify").stdout
    assert "No row is older than 365 days" in audit(home, "prune", "--yes").stdout
    told = json.loads(audit(home, "verify", "--json").stdout)
    assert (told["intact"], told["rows"], told["pruned"]) == (True, 4, 5)


def test_what_makes_no_sense_is_refused(home: Path) -> None:
    assert "give --older-than" in audit(home, "prune", days="0", code=2).output
    audit(home, "prune", "--older-than", "0", code=2)
    audit(home, "prune", "--older-than", "-3", code=2)
    audit(home, "prune", "--older-than", "nan", code=2)
    assert "Intact: 8 rows" in audit(home, "verify").stdout
    for days in ("-1", "nan", "inf", "soon"):
        assert "COUNTENANCE_ATTEMPTS_DAYS" in audit(home, "verify", days=days, code=1).output
    assert "Would delete 5" in audit(home, "prune", "--older-than", "400", "--dry-run").stdout


def test_a_running_server_prunes_and_one_that_keeps_everything_does_not(home: Path) -> None:
    keeps = Server(home, free_port(), {"COUNTENANCE_ATTEMPTS_DAYS": "0"}).start()
    keeps.stop()
    assert "Intact: 8 rows" in audit(home, "verify").stdout
    server = Server(home, free_port()).start()  # a year, when nothing is said
    try:
        for _ in range(100):
            told = json.loads(audit(home, "verify", "--json").stdout)
            if told["pruned"]:
                break
        assert (told["intact"], told["pruned"]) == (True, 5)
    finally:
        server.stop()
    rows = json.loads(audit(home, "list", "--tag", Tag.AUDIT_PRUNED, "--json").stdout)["rows"]
    assert [row["details"]["rows"] for row in rows] == ["5"]


@pytest.mark.parametrize(
    ("days", "words"),
    [(365.0, "kept for 365 days"), (0.0, "kept until whoever"), (30.5, "kept for 30.5 days")],
)
def test_the_privacy_page_says_how_long(tmp_path: Path, days: float, words: str) -> None:
    door = open_door(tmp_path, privacy={"attempts_days": days})
    door.administrator()
    assert words in door.visit().get("/privacy").text
