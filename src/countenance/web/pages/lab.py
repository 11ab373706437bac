"""The lab: data sets, collecting into them, looking through them, and trying the detector."""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from countenance.apps.assurance import fresh_required
from countenance.datasets.archive import zip_of
from countenance.datasets.balance import NOTHING_LACKS, Balance, balance
from countenance.datasets.errors import DatasetError, DatasetUnwritableError, ManifestError
from countenance.datasets.manifest import read_folder
from countenance.datasets.review import (
    Filter,
    Item,
    discard,
    empty_trash,
    items_of,
    put_back,
    trash_of,
)
from countenance.datasets.shelf import Shelf
from countenance.events import Tag
from countenance.identity.permissions import Permission
from countenance.images.codec import encode_jpeg, read_image
from countenance.images.crops import resized
from countenance.images.errors import ImageError
from countenance.web.access import permission_required
from countenance.web.context import address, identity, session, web
from countenance.web.errors import FORM_REFUSED
from countenance.web.lab.socket import PATH, lab_shelf
from countenance.web.lab.wish import MAX_PICTURES, MAX_SECONDS
from countenance.web.pages import steps
from countenance.web.pages.auth import Answer
from countenance.web.wording import SPECIES

ROWS: Final = 24
"""Pictures on a page."""
THUMBNAIL_PX: Final = 320
_PICTURE: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*/){2}[A-Za-z0-9][A-Za-z0-9-]*\.png")


def make_blueprint() -> Blueprint:
    """`/lab` and below."""
    pages = Blueprint("lab", __name__, url_prefix="/lab")
    rules: tuple[tuple[str, Callable[..., Any], list[str]], ...] = (
        ("", overview, ["GET"]),
        ("/try", try_it, ["GET"]),
        ("/datasets", make, ["POST"]),
        ("/datasets/<name>", dataset, ["GET"]),
        ("/datasets/<name>/collect", collect, ["GET"]),
        ("/datasets/<name>/pictures/<path:picture>", show, ["GET"]),
        ("/datasets/<name>/delete", delete, ["POST"]),
        ("/datasets/<name>/put-back", restore, ["POST"]),
        ("/datasets/<name>/trash/empty", empty, ["GET", "POST"]),
        ("/datasets/<name>/remove", remove, ["GET", "POST"]),
        ("/datasets/<name>/export", export, ["GET", "POST"]),
    )
    for path, view, methods in rules:
        marked = permission_required(Permission.USE_LAB)(view)
        pages.add_url_rule(path, view.__name__, marked, methods=methods)
    return pages


@dataclass(frozen=True, slots=True)
class Shown:
    """One data set of the list."""

    name: str
    presentations: int
    trashed: int
    problem: str
    """Why it cannot be read; empty when it can."""


def _shelf() -> Shelf:
    return lab_shelf(web())


def overview(problem: str | None = None) -> str:
    return render_template(
        "lab.html",
        datasets=[_shown(name) for name in _shelf().names()],
        problem=problem,
        form=request.form,
    )


def _shown(name: str) -> Shown:
    folder = _shelf().path(name)
    try:
        return Shown(name, len(items_of(folder)), len(trash_of(folder)), "")
    except DatasetError as error:
        return Shown(name, 0, 0, str(error))


def try_it() -> str:
    return render_template("lab_try.html", socket=PATH, detector=web().lab.pad_name)


def make() -> Answer:
    name = request.form.get("name", "").strip()
    try:
        _shelf().make(name)
    except (ManifestError, DatasetUnwritableError) as error:
        return overview(str(error)), FORM_REFUSED
    _note(Tag.LAB_DATASET_MADE, dataset=name)
    return redirect(url_for("lab.collect", name=name))


def _filter() -> Filter:
    return Filter(**{name: request.values.get(name, "") for name in asdict(Filter())})


def dataset(name: str) -> str:
    folder = _shelf().path(name)
    everything, trash = items_of(folder), trash_of(folder)
    chosen = _filter()
    found = [item for item in everything if chosen.takes(item)]
    page = _page_number()
    undone = request.args.get("deleted", "")
    return render_template(
        "lab_dataset.html",
        name=name,
        everything=len(everything),
        found=len(found),
        # The newest first: what was collected just now is what one wants to see.
        items=list(reversed(found))[(page - 1) * ROWS : page * ROWS],
        page=page,
        pages=max(1, -(-len(found) // ROWS)),
        filter=chosen,
        words=_words(everything),
        trash=len(trash),
        deleted=sum(item.batch == undone for item in trash) if undone else 0,
        batch=undone,
        balance=_balance(folder) if everything else None,
        nothing_lacks=NOTHING_LACKS,
        folder=folder,
        commands=_commands(folder),
    )


def _page_number() -> int:
    """The page that was asked for, from 1."""
    return max(1, min(100_000, request.args.get("page", 1, type=int)))


def _words(items: Sequence[Item]) -> dict[str, list[tuple[str, str]]]:
    """What can be filtered by: values and what they are called."""
    of = [item.declared for item in items]
    species = sorted({declared.species for declared in of if declared.species})
    return {
        "source": [(name, name) for name in sorted({declared.source for declared in of})],
        "subject": [(name, name) for name in sorted({declared.subject for declared in of})],
        "species": [(value.value, SPECIES[value]) for value in species],
    }


def _balance(folder: Path) -> Balance:
    return balance(read_folder(folder))


def _commands(folder: Path) -> list[str]:
    """What to type next, ready to be copied."""
    home = web().container.settings.home
    own = f"countenance --home {shlex.quote(str(home))}"
    detector = home / "lab" / f"detector-{folder.name}"
    return [
        f"{own} pad train --data {shlex.quote(str(folder))} --output {shlex.quote(str(detector))}",
    ]


def collect(name: str) -> str:
    folder = _shelf().path(name)
    return render_template(
        "lab_collect.html",
        name=name,
        socket=PATH,
        words=_words(items_of(folder)),
        most_pictures=MAX_PICTURES,
        most_seconds=MAX_SECONDS,
    )


def show(name: str, picture: str) -> Response:
    """A picture as a thumbnail, or whole with `?size=whole`."""
    folder = _shelf().path(name)
    path = folder / picture
    if not _PICTURE.fullmatch(picture) or not path.resolve().is_relative_to(folder.resolve()):
        abort(404)
    try:
        image = read_image(path)
    except ImageError:
        abort(404)
    if request.args.get("size") == "whole":
        return Response(path.read_bytes(), mimetype="image/png")
    factor = min(1.0, THUMBNAIL_PX / max(image.width_px, image.height_px))
    small, _ = resized(image, factor=factor)
    return Response(encode_jpeg(small, quality=80), mimetype="image/jpeg")


def delete(name: str) -> Answer:
    """Asks once, then moves presentations to the trash."""
    folder = _shelf().path(name)
    keys = _keys(folder)
    if not keys:
        steps.say("Nothing was chosen, so nothing is deleted.", kind="warn")
        return redirect(_back(name))
    if request.form.get("sure") != "yes":
        return render_template(
            "lab_delete.html", name=name, keys=keys, filter=_filter(), count=len(keys),
            is_all=request.form.get("which") == "all",
        )  # fmt: skip
    batch = secrets.token_hex(8)
    count = discard(folder, set(keys), batch=batch)
    _note(Tag.LAB_DELETED, dataset=name, count=count)
    return redirect(_back(name, deleted=batch))


def _keys(folder: Path) -> list[str]:
    """Those that were ticked, or all that fit the filter."""
    if request.form.get("which") == "all":
        chosen = _filter()
        return [item.key for item in items_of(folder) if chosen.takes(item)]
    there = {item.key for item in items_of(folder)}
    return [key for key in request.form.getlist("key") if key in there]


def _back(name: str, **more: Any) -> str:
    words: dict[str, Any] = {key: value for key, value in asdict(_filter()).items() if value}
    return url_for("lab.dataset", name=name, **words, **more)


def restore(name: str) -> Answer:
    count = put_back(_shelf().path(name), batch=request.form.get("batch", ""))
    if count:
        _note(Tag.LAB_PUT_BACK, dataset=name, count=count)
    steps.say(f"{_pictures(count)} back in the data set.")
    return redirect(_back(name))


def empty(name: str) -> Answer:
    folder = _shelf().path(name)
    count = len(trash_of(folder))
    if request.method == "GET":
        return render_template("lab_empty.html", name=name, count=count)
    gone = empty_trash(folder)
    _note(Tag.LAB_ERASED, dataset=name, count=gone)
    steps.say(f"{_pictures(gone)} deleted for good.")
    return redirect(url_for("lab.dataset", name=name))


def remove(name: str) -> Answer:
    shown = _shown(name)
    if request.method == "GET":
        return render_template("lab_remove.html", shown=shown, problem=None)
    if request.form.get("typed", "").strip() != name:
        problem = "Type the name of the data set as it stands above."
        return render_template("lab_remove.html", shown=shown, problem=problem), FORM_REFUSED
    _shelf().remove(name)
    _note(Tag.LAB_DATASET_REMOVED, dataset=name, count=shown.presentations + shown.trashed)
    steps.say(f"The data set {name} is removed.")
    return redirect(url_for("lab.overview"))


@fresh_required("lab.export", title="Download faces", parameters=("name",))
def export(name: str) -> Answer:
    """The data set as a zip file; streamed, for it may be larger than memory."""
    folder = _shelf().path(name)
    count = len(items_of(folder))
    if request.method == "GET":
        return render_template("lab_export.html", name=name, count=count)
    blocks = zip_of(folder)
    _note(Tag.LAB_EXPORTED, dataset=name, count=count)
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return Response(blocks, mimetype="application/zip", headers=headers)


def _pictures(count: int) -> str:
    return "1 presentation is" if count == 1 else f"{count} presentations are"


def _note(tag: Tag, **details: object) -> None:
    identity().audit.append(
        tag,
        actor_id=session().user.id,
        address=address(),
        details={name: str(value) for name, value in details.items()},
    )
