"""The command line as a whole: help, errors, exit status, JSON, what is imported when."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from countenance.cli import main as module
from countenance.cli.context import Session, json_option, pass_session
from countenance.cli.main import COMMANDS, main
from countenance.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
HEAVY = ("cv2", "numpy", "onnxruntime", "sqlalchemy", "flask", "gunicorn", "rich", "structlog")


def run(*arguments: str) -> "click.testing.Result":
    return CliRunner().invoke(main, list(arguments))


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gen", ROOT / "tools" / "gen_cli_docs.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    return generator


GENERATOR = load_generator()
EVERY = [context.command_path for context in GENERATOR.contexts(main, None, "countenance")]


def test_help_and_completion_load_nothing_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from countenance.cli.main import main; "
        "r = CliRunner().invoke(main, ['--help']); assert r.exit_code == 0, r.output; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


@pytest.mark.parametrize("path", EVERY)
def test_every_command_helps_with_an_example(path: str) -> None:
    result = run(*path.split()[1:], "--help")
    assert result.exit_code == 0
    assert "Example" in result.output
    assert "\\b" not in result.output, "a raw docstring hides click's mark from it"
    assert "countenance" in result.output.split("Example", 1)[1]


@pytest.mark.parametrize("path", EVERY)
def test_every_argument_of_the_help_fits_a_terminal(path: str) -> None:
    lines = run(*path.split()[1:], "--help").output.splitlines()
    assert max(len(line) for line in lines) <= 100


def test_the_reference_page_is_what_the_help_says() -> None:
    page = GENERATOR.PAGE.read_text(encoding="utf-8")
    assert page == GENERATOR.page(), "run: python tools/gen_cli_docs.py"


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["users"], ["users", "add"], ["run", "--port", "0"], ["--nope"]]
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> type[BaseException]:
    """A command `fail KIND` that ends with an exception of that kind."""

    @click.command()
    @click.argument("kind")
    @json_option
    @pass_session
    def fail(session: Session, kind: str) -> None:
        if kind == "known":
            raise ConfigurationError("The disk is full.", remedy="Free some space.")
        if kind == "interrupt":
            raise KeyboardInterrupt
        if kind == "prompt":
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt:
                raise click.Abort from None
        raise click.Abort

    monkeypatch.setattr(module, "_FAIL", fail, raising=False)
    monkeypatch.setitem(COMMANDS, "fail", "countenance.cli.main:_FAIL")
    return ConfigurationError


@pytest.mark.usefixtures("failing")
def test_a_known_error_is_one_message_and_its_remedy_on_standard_error() -> None:
    result = run("fail", "known")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "Error: The disk is full.\nFree some space.\n"


@pytest.mark.usefixtures("failing")
def test_with_json_an_error_is_one_object_too() -> None:
    result = run("fail", "known", "--json")
    assert result.exit_code == 1
    told = {"code": "configuration", "message": "The disk is full.", "remedy": "Free some space."}
    assert json.loads(result.stdout) == {"error": told}


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize(("kind", "status"), [("interrupt", 130), ("prompt", 130), ("no", 1)])
def test_ctrl_c_exits_with_130_and_a_no_with_1(kind: str, status: int) -> None:
    result = run("fail", kind)
    assert result.exit_code == status
    assert "Traceback" not in result.output


def test_the_home_option_reaches_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTENANCE_HOME", "/elsewhere")
    result = run("--home", str(tmp_path / "home"), "users", "list", "--json")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "home" / "countenance.db").exists()


def test_a_setting_that_makes_no_sense_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTENANCE_PORT", "eight")
    result = run("users", "list")
    assert result.exit_code == 1
    assert "COUNTENANCE_PORT" in result.stderr
