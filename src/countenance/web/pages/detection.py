"""The detection of attacks: what is in use, what it is worth, and a second opinion to be had.

Nothing is fetched before somebody has seen the licence and said yes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for

from countenance.bootstrap import Container
from countenance.events import Tag
from countenance.identity.permissions import Permission
from countenance.vision.installation import Source, wanted_sources
from countenance.vision.model_store import ModelStore
from countenance.vision.packs import Pack, shipped_pack
from countenance.vision.pad_card import read_pad_card
from countenance.vision.pad_fusion import FUSION_PACK, SecondOpinionState, fusion_of
from countenance.web.access import limited, permission_required
from countenance.web.context import address, identity, session, web
from countenance.web.errors import FORM_REFUSED
from countenance.web.installing import Stage
from countenance.web.pages.auth import Answer
from countenance.web.wording import SPECIES

_LATER: Final = "second-opinion-later"
"""An empty file in the home directory: nobody wants to be reminded on the first page."""


def make_blueprint() -> Blueprint:
    """`/detection` and below, for whoever may change the detector."""
    pages = Blueprint("detection", __name__, url_prefix="/detection")
    for path, view, methods in (
        ("", detection, ["GET"]),
        ("/install", install, ["POST"]),
        ("/progress", progress, ["GET"]),
        ("/later", later, ["POST"]),
    ):
        marked = permission_required(Permission.MANAGE_DETECTOR)(view)
        pages.add_url_rule(path, view.__name__, marked, methods=methods)
    return pages


@dataclass(frozen=True, slots=True)
class Worth:
    """One figure, with and without the second opinion."""

    what: str
    alone: str
    fused: str


def is_second_opinion_to_be_had(container: Container) -> bool:
    """Whether it would fit, is missing, and nobody has said that they do not want to hear of it."""
    is_missing = container.second_opinion is SecondOpinionState.MISSING
    return is_missing and not (container.settings.home / _LATER).exists()


def detection(problem: str | None = None) -> str:
    container = web().container
    service = container.pad_in_service
    card, pack = read_pad_card(service.card), shipped_pack(FUSION_PACK)
    sources = _sources(container, pack)
    fits = container.second_opinion is not SecondOpinionState.UNFIT
    return render_template(
        "detection.html",
        card=card,
        chosen=service.chosen,
        figures=_figures(card.figures),
        state=container.second_opinion.name.lower(),
        pack=pack,
        worth=_worth(card.figures, fusion_of(pack).figures) if fits else [],
        sources=sources,
        size_mb=sum(s.card.download.size_bytes for s in sources if s.card.download) / 1e6,
        host=_host(sources),
        progress=web().installation.progress,
        problem=problem,
    )


def _sources(container: Container, pack: Pack) -> tuple[Source, ...]:
    store = ModelStore(container.settings.home / "models")
    return wanted_sources(pack, store, mirror=container.settings.engine.model_mirror)


def _host(sources: tuple[Source, ...]) -> str:
    hosts = {urlsplit(str(source.place)).hostname or "" for source in sources}
    return ", ".join(sorted(hosts))


def _percent(value: object) -> str:
    return f"{100 * value:.1f} %" if isinstance(value, int | float) else "not measured"


def _figures(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the card of a detector says of it, in words; empty when it says nothing."""
    if not figures:
        return []
    counts = figures.get("n_species", {})
    attacks = [
        (f"Attacks that pass: {SPECIES.get(name, name).lower()}", _of(share, counts.get(name)))
        for name, share in sorted(figures.get("apcer", {}).items())
    ]
    refused = _of(figures.get("bpcer"), figures.get("n_bona_fide"))
    return [("Live frames refused", refused), *attacks]


def _of(share: object, total: object) -> str:
    told = _percent(share)
    if isinstance(share, int | float) and isinstance(total, int):
        return f"{told} ({round(share * total)} of {total})"
    return told


def _worth(alone: Mapping[str, Any], fused: Mapping[str, Any]) -> list[Worth]:
    """What the second opinion changes, better or worse, from the two cards."""
    rows: list[tuple[str, tuple[str, ...]]] = [
        ("Error rate (EER), whole frames", ("eer",)),
        ("Live frames refused", ("bpcer",)),
    ]
    rows += [
        (f"Attacks that pass: {SPECIES.get(name, name).lower()}", ("apcer", name))
        for name in sorted(fused.get("apcer", {}))
    ]
    return [Worth(what, _percent(_at(alone, way)), _percent(_at(fused, way))) for what, way in rows]


def _at(figures: Any, way: tuple[str, ...]) -> object:
    for name in way:
        figures = figures.get(name) if isinstance(figures, Mapping) else None
    found: object = figures
    return found


@limited("10 per minute")
def install() -> Answer:
    """Begin to fetch the pack, once its licences are accepted."""
    container, pack = web().container, shipped_pack(FUSION_PACK)
    if request.form.get("accepted") != "yes":
        return detection("Read the licences and tick that you accept them."), FORM_REFUSED
    if container.second_opinion is not SecondOpinionState.MISSING:
        return redirect(url_for("detection.detection"))
    trail, actor, place = identity().audit, session().user.id, address()

    def put_into_use() -> None:
        container.renew_engine()
        trail.append(
            Tag.SECOND_OPINION_INSTALLED, actor_id=actor, address=place,
            details={"pack": pack.identity},
        )  # fmt: skip

    models = container.settings.home / "models"
    web().installation.begin(
        _sources(container, pack), models, then=put_into_use, ledger=container.ledger
    )
    return redirect(url_for("detection.detection"))


def progress() -> Response:
    """How far the download is, for the page's script."""
    now = web().installation.progress
    return jsonify(
        stage=now.stage,
        received_bytes=now.received_bytes,
        total_bytes=now.total_bytes,
        problem=now.problem,
        is_over=now.stage in {Stage.DONE, Stage.FAILED, Stage.IDLE},
    )


def later() -> Answer:
    """Do not speak of it on the first page any more."""
    (web().container.settings.home / _LATER).touch(mode=0o600)
    return redirect(url_for("home.home"))
