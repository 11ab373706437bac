"""The element's files: all that it loads, and nothing else, may be loaded by other sites."""

from __future__ import annotations

import re
from importlib.resources import files

from countenance.web.embeddable import EMBEDDABLE

STATIC = files("countenance.web").joinpath("static")
VIEW = STATIC.joinpath("js/embed_view.js").read_text(encoding="utf-8")
STAGE = STATIC.joinpath("js/stage.js").read_text(encoding="utf-8")
TEMPLATE = files("countenance.web").joinpath("templates/stage.html").read_text(encoding="utf-8")


def imported(name: str) -> set[str]:
    """Names of a module and of all that it imports."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found.add(here)
        text = STATIC.joinpath(f"js/{here}").read_text(encoding="utf-8")
        imports = re.findall(r'^(?:import|export)\b[^;]*?from "([^"]+)"', text, re.MULTILINE)
        assert all(re.fullmatch(r"\./\w+\.js", one) for one in imports), here
        waiting += [one.removeprefix("./") for one in imports]
    return found


def test_the_element_and_what_it_imports_are_open_to_all_and_nothing_else_is() -> None:
    scripts = {f"/static/js/{name}" for name in imported("countenance.js")}
    assert "/static/js/stage.js" in scripts
    text = STATIC.joinpath("js/countenance.js").read_text(encoding="utf-8")
    listed = re.search(r"SHEETS = \[([^\]]*)\]", text)
    assert listed is not None
    sheets = {f"/static/css/{name}.css" for name in re.findall(r'"(\w+)"', listed[1])}
    assert scripts | sheets == EMBEDDABLE


def test_no_file_of_the_element_names_another_host() -> None:
    for path in EMBEDDABLE:
        text = STATIC.joinpath(path.removeprefix("/static/")).read_text(encoding="utf-8")
        hosts = set(re.findall(r"\w+://([\w.-]+)", text))
        assert hosts <= {"www.w3.org"}, path  # the namespace of SVG


def test_the_element_has_every_part_that_a_capture_looks_for() -> None:
    wanted = set(re.findall(r'part\("([\w-]+)"\)', STAGE))
    assert {"video", "ring", "line", "again"} <= wanted
    made = set(re.findall(r'\bid: "([\w-]+)"|press\("([\w-]+)"', VIEW))
    assert wanted <= {name or other for name, other in made}
    assert wanted - {"speech"} <= set(re.findall(r'\bid="([\w-]+)"', TEMPLATE))


def test_the_element_takes_no_markup_from_text() -> None:
    for path in EMBEDDABLE:
        text = STATIC.joinpath(path.removeprefix("/static/")).read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text
        )
