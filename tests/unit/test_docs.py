"""What the documentation says is there is there, and what is there it says."""

import doctest
import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from countenance.events import Tag
from countenance.settings import GROUPS, PREFIX

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "countenance"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").glob("*.md")])
ADR_HEADINGS = ["Date", "Status", "Context", "Decision", "Consequences"]


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """The text of a page without its code blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The fragments that a forge gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def links(page: Path) -> Iterator[str]:
    """Relative targets of the links and pictures of a page."""
    text = prose(page)
    for target in [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'src="([^"]+)"', text)]:
        if not re.match(r"[a-z]+:", target):
            yield target


def first_cells(page: Path) -> list[str]:
    """What stands in backquotes in the first column of the tables of a page."""
    return re.findall(r"^\| `([^`]+)` \|", page.read_text("utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{target} leads nowhere"
        assert file.is_relative_to(ROOT), f"{target} leaves the repository"
        if fragment and file.suffix == ".md":
            assert fragment in anchors(file), f"no heading for {target}"


def test_every_page_is_reached_from_the_front_page() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        found = ((page.parent / link.partition("#")[0]).resolve() for link in links(page))
        waiting += [
            file
            for file in found
            if file.suffix == ".md" and file.is_file() and file not in reached
        ]
    assert {page_name(page) for page in PAGES} - {page_name(page) for page in reached} == set()


def declared_settings() -> dict[str, object]:
    """Variable and default of every setting in code."""
    entries = (entry for group in GROUPS for entry in fields(group))
    return {PREFIX + entry.metadata["variable"]: entry.default for entry in entries}


def documented_settings() -> dict[str, str]:
    """Variable and default of every setting on the reference page."""
    text = (DOCS / "reference/settings.md").read_text("utf-8")
    return dict(re.findall(r"^\| `(COUNTENANCE_\w+)` \| ([^|]*?) \|", text, flags=re.MULTILINE))


def shown(default: object) -> str:
    """A default as the reference page writes it."""
    if default in ("", ()):
        return "(empty)"
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    return f"`{default:g}`" if isinstance(default, int | float) else f"`{default}`"


def test_every_setting_is_documented_with_its_default() -> None:
    documented = documented_settings()
    expected = {name: shown(default) for name, default in declared_settings().items()}
    assert {name: documented.get(name) for name in expected} == expected


def test_every_documented_setting_is_read_somewhere() -> None:
    code = "\n".join(
        path.read_text("utf-8")
        for folder in (SOURCE, ROOT / "tools", ROOT / "tests")
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in ("", ".py") and path != Path(__file__)
    )
    for name in documented_settings():
        short = name.removeprefix(PREFIX).removesuffix("_FILE")
        assert name in code or f'"{short}"' in code, f"{name} is documented and nowhere read"


def test_every_setting_that_a_page_names_is_documented() -> None:
    documented = documented_settings().keys()
    for page in PAGES:
        named = set(re.findall(r"\bCOUNTENANCE_[A-Z_]*[A-Z]\b", page.read_text("utf-8")))
        assert named - documented == set(), page_name(page)


def test_audit_tags_and_their_page_agree() -> None:
    assert sorted(first_cells(DOCS / "reference/audit-tags.md")) == sorted(Tag)


def error_codes() -> list[str]:
    """Every code that an answer may carry, wherever it is written; the root's own is one too."""
    own = re.compile(r'^    code(?:: ClassVar\[str\])? = "([\w.]+)"', flags=re.MULTILINE)
    texts = [path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.py"))]
    codes = [code for text in texts for code in own.findall(text)]
    answers = (SOURCE / "web" / "errors.py").read_text("utf-8")
    return codes + re.findall(r'^(?!    code).*"(web\.\w+)"', answers, flags=re.MULTILINE)


def test_every_error_has_a_code_of_its_own() -> None:
    codes = error_codes()
    assert sorted(codes) == sorted(set(codes))


def test_error_codes_and_their_page_agree() -> None:
    text = (DOCS / "error-reference.md").read_text("utf-8")
    headings = re.findall(r"^### `([^`]+)`$", text, flags=re.MULTILINE)
    assert sorted(headings) == sorted(error_codes())


def test_every_error_says_message_cause_and_fix() -> None:
    text = (DOCS / "error-reference.md").read_text("utf-8")
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        labels = re.findall(r"^- (\w+):", section, flags=re.MULTILINE)
        assert labels == ["Message", "Cause", "Fix"], section.splitlines()[0]


@pytest.mark.parametrize("page", sorted((DOCS / "adr").glob("0*.md")), ids=lambda page: page.stem)
def test_a_decision_is_told_under_five_headings(page: Path) -> None:
    assert re.findall(r"^## (.+)$", page.read_text("utf-8"), re.MULTILINE) == ADR_HEADINGS


def test_the_front_page_gives_the_figures_of_the_detectors_card() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    card = SOURCE / "vision" / "weights" / "pad-lite0-linear.json"
    figures = json.loads(card.read_text("utf-8"))["figures"]
    words = {
        "paper_mask": "paper mask",
        "print": "print",
        "replay_phone": "phone or tablet",
        "replay_monitor": "monitor",
        "replay": "other screens",
    }
    assert set(figures["apcer"]) == set(words)
    for species, total in figures["n_species"].items():
        errors = round(figures["apcer"][species] * total)
        assert f"{words[species]} {errors} of {total}" in text
    refused = round(figures["bpcer"] * figures["n_bona_fide"])
    eer = f"equal error rate {figures['eer'] * 100:.1f} %"
    assert f"{refused} of {figures['n_bona_fide']}; {eer}" in text
    assert f"{figures['n_bona_fide'] + figures['n_attack']} whole frames" in text


def test_glossary_terms_stand_in_order() -> None:
    text = (DOCS / "glossary.md").read_text("utf-8")
    terms = [term.lower() for term in re.findall(r"^\*\*(.+?)\*\*", text, flags=re.MULTILINE)]
    assert terms
    assert terms == sorted(set(terms))


def modules_with_examples() -> list[str]:
    """Modules whose docstrings show a session."""
    names = (
        ".".join(("countenance", *path.relative_to(SOURCE).with_suffix("").parts))
        for path in sorted(SOURCE.rglob("*.py"))
        if ">>> " in path.read_text("utf-8")
    )
    return [name.removesuffix(".__init__") for name in names]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_run(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert result.attempted > 0
    assert result.failed == 0
