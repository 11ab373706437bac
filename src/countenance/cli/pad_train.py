"""`countenance pad train`: a passive detector of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.datasets.manifest import Presentation
    from countenance.training.pad_turns import Turns
    from countenance.training.runs import Bars, LivenessNetPlan, Outcome
    from countenance.training.tuning import Base

_FOLDER = click.Path(path_type=Path)
_LIVENESSNET_ONLY = ("lr", "batch_size", "epochs", "patience", "width", "height", "device")


@click.command()
@click.option(
    "--data",
    type=_FOLDER,
    help="Folder with a manifest.csv, or with SOURCE/bona_fide and SOURCE/attack images.",
)
@click.option("--manifest", type=_FOLDER, help="A manifest outside of the data folder.")
@click.option(
    "--root",
    type=_FOLDER,
    help="Folder that the manifest's paths start from; default the manifest's own.",
)
@click.option("--train", "training", type=_FOLDER, help="Folder to train with; needs --val.")
@click.option("--val", "validation", type=_FOLDER, help="Folder of other sources to judge with.")
@click.option(
    "--split",
    type=click.Choice(["source", "time"]),
    help="What is held out whole; default source, and time where sources cannot be kept apart. "
    "A split by frame would leak and is not offered.",
)
@click.option("--folds", type=click.IntRange(2, 100), default=8, show_default=True)
@click.option(
    "--arch",
    type=click.Choice(["lite0-linear", "livenessnet"]),
    default="lite0-linear",
    show_default=True,
    help="A linear head on pretrained features of frame and face, or a small network on the face.",
)
@click.option(
    "--base",
    metavar="shipped|CARD",
    help="lite0-linear: correct this detector with the pictures of a site, instead of a new one.",
)
@click.option(
    "--teacher",
    type=click.Choice(["minifasnet"]),
    help="lite0-linear: learn from what this installed pack says of the pictures, too.",
)
@click.option(
    "--photographs",
    type=_FOLDER,
    help="lite0-linear: folder of photographs of faces; half of the prints and masks that are "
    "drawn for training then show these people.",
)
@click.option("--output", type=_FOLDER, required=True, help="New folder for detector and card.")
@click.option("--resume", is_flag=True, help="Go on with a run that was stopped.")
@click.option("--report", type=_FOLDER, help="Folder for figures and scores.")
@click.option(
    "--result", type=_FOLDER, help="File for the classification report; .json is written beside."
)
@click.option("--cache", type=_FOLDER, help="Folder of stored features.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=7, show_default=True)
@click.option("--lr", type=click.FloatRange(min=1e-9), help="livenessnet: step; default 0.001.")
@click.option("--batch-size", type=click.IntRange(1, 4096), help="livenessnet; default 64.")
@click.option("--epochs", type=click.IntRange(1, 10_000), help="livenessnet: at most; default 20.")
@click.option(
    "--patience",
    type=click.IntRange(1, 10_000),
    help="livenessnet: epochs without a lower validation loss that end training; default 8.",
)
@click.option("--width", type=click.IntRange(16, 256), help="livenessnet, pixels; default 32.")
@click.option("--height", type=click.IntRange(16, 256), help="livenessnet, pixels; default 32.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "gpu"]),
    help="livenessnet: where to train; default auto.",
)
@json_option
@pass_session
def train(session: Session, /, **options: Any) -> None:
    """Train a detector, measure it on sources held out of training, and write it with its card.

    Every figure is out of fold: the model that judged a picture saw nothing of that picture's
    source (camera, room and session) or person. The detector written is then trained on all of
    them. With --train and --val the second folder is judged and never trained with. A source, a
    person or a picture on both sides is an error. Where there is but one recording of a class,
    blocks of time are held out instead: the command and the card say that such figures flatter.

    --teacher lets the networks of a pack judge every picture, and the heads learn to predict that
    beside the label: the pack knows attacks that a small set has few of. It is not needed to run
    what was trained.

    Prints and paper masks are drawn over the bona fide frames, mostly with a hand that holds them.
    They show people of the same source, and with --photographs also those of a folder; a
    photograph is never trained with as it is, and none may be a picture of the set.

    --base corrects a detector with the frames of your own camera, both classes of them, and
    tells how the old and the new one judge what was held out.

    DIR/output appears whole or not at all. It holds the graph, its card and, of livenessnet, the
    learning curves (curves.png).

    \b
    A manifest.csv has a header and at least the columns
      path,label,source      label is bona_fide or attack
    and may have subject, species (print, replay_phone, replay_monitor, paper_mask, ...),
    kind (full_frame, tight_crop) and capture (no = not taken live, never counted).

    Exit status: 0 done, 1 an error, 2 wrong usage, 130 stopped with Ctrl-C (--resume goes on).

    JSON keys: card architecture split warning base (rates of the old detector, with --base) and
    the figures of the card: n_bona_fide n_attack no_face threshold bpcer bpcer_interval apcer
    {species} apcer_interval n_species apcer_worst eer auc apcer_at_bpcer per_source views.

    \b
    Examples:
      countenance pad train --data captures --output detector
      countenance pad train --train hall --val office --output detector --result result.txt
      countenance pad train --manifest set.csv --root images --output detector --report report
      countenance pad train --data captures --arch livenessnet --epochs 50 --output small --json
      countenance pad train --data captures --teacher minifasnet --output detector
      countenance pad train --data captures --photographs faces --output detector
      countenance pad train --base shipped --data site --output tuned

    Needs what tools/bootstrap train installs.
    """
    from countenance.cli.pad_result import card_figures, measure, show, write_report, write_result
    from countenance.training.pad_turns import HeldOut
    from countenance.training.work_folder import finish, work_folder

    wish = _wish(options)
    _require(wish, options["device"])
    presentations, turns = _presentations(options)
    if turns.held_out is HeldOut.TIME:
        from countenance.training.cards import FLATTERING

        session.note(f"Warning: {FLATTERING}")
    try:
        with work_folder(wish.output, resume=options["resume"]) as work:
            outcome = _run(session, wish, presentations, turns, work)
            report = measure(outcome)
            figures = card_figures(report, outcome)
            name, files = outcome.files(figures=figures)
            finish(work, wish.output, files, mode=0o755)
    except KeyboardInterrupt:
        session.note("Stopped; what was done is kept. Go on with --resume.")
        raise
    card = wish.output / name
    if options["report"]:
        write_report(options["report"], outcome, figures)
    if options["result"]:
        write_result(options["result"], outcome, figures)
    if session.wants_json:
        warning = outcome.card.data.get("warning")
        told = {"split": turns.held_out.value, "warning": warning}
        session.answer({"card": str(card), "architecture": wish.architecture, **told, **figures})
    else:
        show(session, card, report, figures)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for, besides the pictures."""

    architecture: str
    base: Base | None
    has_teacher: bool
    photographs: tuple[Path, ...]
    plan: LivenessNetPlan
    output: Path
    cache: Path | None
    seed: int


def _wish(options: dict[str, Any]) -> Wish:
    from countenance.training.runs import LivenessNetPlan

    architecture, base = options["arch"], options["base"]
    given = [name for name in _LIVENESSNET_ONLY if options[name] is not None]
    if architecture != "livenessnet" and given:
        raise click.UsageError(
            f"--{given[0].replace('_', '-')} belongs to --arch livenessnet; "
            f"{architecture} has no such choice."
        )
    if architecture == "livenessnet" and base is not None:
        raise click.UsageError("--base corrects a lite0-linear detector; leave --arch away.")
    if options["teacher"] and (architecture == "livenessnet" or base is not None):
        raise click.UsageError("--teacher goes with a new lite0-linear detector.")
    if options["photographs"] and (architecture == "livenessnet" or base is not None):
        raise click.UsageError("--photographs goes with a new lite0-linear detector.")
    if options["result"] is not None and options["result"].suffix == ".json":
        raise click.UsageError("--result takes a text file; the .json is written beside it.")
    chosen = {name: options[name] for name in given if name != "device"}
    return Wish(
        architecture=architecture,
        base=_base(base) if base is not None else None,
        has_teacher=options["teacher"] is not None,
        photographs=_photographs(options["photographs"]),
        plan=LivenessNetPlan(seed=options["seed"], **chosen),
        output=options["output"],
        cache=options["cache"],
        seed=options["seed"],
    )


def _photographs(folder: Path | None) -> tuple[Path, ...]:
    from countenance.training.donors import photographs_in

    return () if folder is None else photographs_in(folder)


def _base(name: str) -> Base:
    from countenance.training.runs import require_extra

    require_extra("lite0-linear")
    from countenance.training.tuning import read_base

    return read_base(name)


def _require(wish: Wish, device: str | None) -> None:
    from countenance.training.runs import require_extra

    require_extra(wish.architecture)
    if wish.architecture == "livenessnet":
        from countenance.training.livenessnet import choose_device

        choose_device(device or "auto")


def _presentations(options: dict[str, Any]) -> tuple[tuple[Presentation, ...], Turns]:
    from countenance.datasets.manifest import read_folder
    from countenance.training import pad_turns
    from countenance.training.pad import check_presentations
    from countenance.training.pad_leaks import refuse_copies

    data, manifest, root = options["data"], options["manifest"], options["root"]
    training, validation = options["training"], options["validation"]
    if (training is None) != (validation is None):
        raise click.UsageError("--train and --val go together.")
    if sum(given is not None for given in (data, manifest, training)) != 1:
        raise click.UsageError("Give one of --data FOLDER, --manifest FILE, or --train with --val.")
    if root is not None and manifest is None:
        raise click.UsageError("--root goes with --manifest.")
    if training is not None:
        if options["split"] is not None:
            raise click.UsageError("--split goes with --data or --manifest.")
        first = check_presentations(read_folder(training))
        second = check_presentations(read_folder(validation))
        turns = pad_turns.by_folder(first, second)
        refuse_copies((*first, *second), turns)
        return (*first, *second), turns
    presentations = check_presentations(_read(data, manifest, root))
    split = {
        "source": pad_turns.by_source,
        "time": pad_turns.by_time,
        None: pad_turns.by_source_or_time,
    }[options["split"]]
    turns = split(presentations, folds=options["folds"])
    refuse_copies(presentations, turns)
    return presentations, turns


def _read(data: Path | None, manifest: Path | None, root: Path | None) -> tuple[Presentation, ...]:
    from countenance.datasets.manifest import read_folder, read_manifest

    return read_folder(data or Path()) if manifest is None else read_manifest(manifest, root=root)


def _run(
    session: Session,
    wish: Wish,
    presentations: tuple[Presentation, ...],
    turns: Turns,
    work: Path,
) -> Outcome:
    from countenance.cli.interrupts import interrupts_held
    from countenance.training.donors import digest_of_all
    from countenance.training.runs import run_key, train_lite0_linear, train_livenessnet
    from countenance.training.work_folder import refuse_other_run
    from countenance.vision.engine import open_recognition

    settings = session.settings
    detector, _, _ = open_recognition(
        settings.home / "models", threads=1, ledger=session.container.ledger
    )
    cache = wish.cache or settings.home / "cache" / "pad-features"
    run = run_key(wish.architecture, wish.plan, presentations, turns)
    base = wish.base.card.sha256 if wish.base is not None else "none"
    teacher = None
    if wish.has_teacher:
        from countenance.training.teaching import open_teacher

        teacher = open_teacher(settings.home / "models", ledger=session.container.ledger)
    told = {
        "base": base,
        "teacher": "none" if teacher is None else teacher.name,
        "photographs": digest_of_all(wish.photographs),
    }
    refuse_other_run(work, {**run, **told})
    with _bars(session) as bars:
        if wish.base is not None:
            from countenance.training.tuning import tune

            return tune(
                wish.base,
                presentations,
                turns=turns,
                detector=detector,
                cache=cache,
                seed=wish.seed,
                bars=bars,
            )
        if wish.architecture == "lite0-linear":
            return train_lite0_linear(
                presentations,
                turns=turns,
                detector=detector,
                cache=cache,
                seed=wish.seed,
                bars=bars,
                teacher=teacher,
                photographs=wish.photographs,
            )
        with interrupts_held() as check:
            return train_livenessnet(
                presentations,
                turns=turns,
                detector=detector,
                plan=wish.plan,
                work=work,
                bars=_checking(bars, check),
            )


def _checking(bars: Bars, check: Callable[[], None]) -> Bars:
    """Bars that also ask after each step whether Ctrl-C was pressed."""

    def begin(title: str, total: int) -> Callable[[], None]:
        advance = bars(title, total)

        def step() -> None:
            advance()
            check()

        return step

    return begin


@contextmanager
def _bars(session: Session) -> Iterator[Callable[[str, int], Callable[[], None]]]:
    """Something that begins a bar of so many steps and returns how to advance it."""
    with session.progress() as progress:

        def begin(title: str, total: int) -> Callable[[], None]:
            task = progress.add_task(title, total=total)
            return lambda: progress.advance(task)

        yield begin
