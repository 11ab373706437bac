"""`countenance faces train`: a recogniser of a closed list of people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.evaluation.recogniser_report import RecogniserReport
    from countenance.training.backbones import Backbone
    from countenance.training.heads import HeadPlan
    from countenance.training.recogniser import TrainedRecogniser
    from countenance.training.recogniser_sides import Sides
    from countenance.training.recogniser_sources import Sources

_FOLDER = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for."""

    people: Path
    validation: Path | None
    share: float
    unknown: Path | None
    unknown_rate: float
    backbone: str
    weights: Path | None
    output: Path
    resume: bool
    plan: HeadPlan


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--val", type=_FOLDER, help="Folder per person to check with; default a part of DIR.")
@click.option(
    "--val-share",
    type=click.FloatRange(0.05, 0.5),
    default=0.2,
    show_default=True,
    help="Part of each person's photographs that is held out of training.",
)
@click.option(
    "--unknown",
    type=_FOLDER,
    help="Pictures of people who are nobody of the list; best a folder for each of them.",
)
@click.option(
    "--unknown-rate",
    type=click.FloatRange(0, 0.5),
    default=0.01,
    show_default=True,
    help="Part of the unknown that may be given a name; fixes the threshold.",
)
@click.option(
    "--backbone",
    type=click.Choice(["embedding", "lite0", "mobilenet", "resnet50"]),
    default="embedding",
    show_default=True,
    help="The frozen network below the head.",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="mobilenet, resnet50: torchvision's weights, a .pth file.",
)
@click.option("--hidden", type=click.IntRange(0, 4096), default=0, help="Units of a hidden layer.")
@click.option("--epochs", type=click.IntRange(1, 10_000), default=60, show_default=True)
@click.option("--learning-rate", type=click.FloatRange(min=1e-9), default=2e-3, show_default=True)
@click.option("--batch-size", type=click.IntRange(1, 65_536), default=64, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31), default=7, show_default=True)
@click.option("--output", type=_FOLDER, required=True, help="New folder for the recogniser.")
@click.option("--resume", is_flag=True, help="Go on with a run that was stopped.")
@json_option
@pass_session
def train(session: Session, /, **options: Any) -> None:
    """Train a recogniser on the photographs in DIR, a folder for each person.

    It tells who of a closed list a face is, or that it is nobody of them. Logins never use it:
    they compare with the template of the one user who logs in.

    Whole recordings (names that differ by a number at the end), else the end of the only one, are
    held out of training and judged; pictures that are nearly one of those are not trained with,
    and copies of `faces augment` stay with their originals. The same pictures are judged by plain
    comparison of embeddings, which needs no training, and the command says which was better.

    DIR/output holds recogniser.onnx, its card recogniser.json, report.json, confusion.csv and
    curves.png. They tell people apart and name them: keep them as you keep the photographs.

    Exit status: 0 done, 1 an error, 2 wrong usage, 130 stopped with Ctrl-C (--resume goes on).

    JSON keys: card people threshold epochs best_epoch left_out unchecked n_known n_unknown
    recogniser plain (right named_right named_wrong unknown_named, each with its exact 95 %
    interval, named_right_at_unknown_named) only_recogniser_right only_plain_right p_value
    better (recogniser, plain, neither) recall {person}.

    \b
    Examples:
      countenance faces train people --output recogniser
      countenance faces train people --unknown others --output recogniser
      countenance faces train people --backbone lite0 --output small --json
      countenance faces train people --backbone resnet50 --weights resnet50.pth --output big

    Needs what tools/bootstrap train installs.
    """
    from countenance.cli.recogniser_result import answer, show
    from countenance.training.recogniser_files import CARD
    from countenance.training.work_folder import work_folder

    wish = _wish(options)
    _require_extra()
    try:
        with work_folder(wish.output, resume=wish.resume) as work:
            sides, trained, report = _run(session, wish, work)
    except KeyboardInterrupt:
        session.note("Stopped; what was done is kept. Go on with --resume.")
        raise
    card = wish.output / CARD
    if session.wants_json:
        session.answer(answer(card, sides, trained, report))
    else:
        show(session, card, sides, trained, report)


def _wish(options: dict[str, Any]) -> Wish:
    from countenance.training.backbones import BRING_WEIGHTS
    from countenance.training.heads import HeadPlan

    backbone, weights = options["backbone"], options["weights"]
    if (backbone in BRING_WEIGHTS) != (weights is not None):
        needed = "needs --weights FILE" if weights is None else "has weights of its own"
        raise click.UsageError(f"--backbone {backbone} {needed}.")
    plan = HeadPlan(
        epochs=options["epochs"],
        learning_rate=options["learning_rate"],
        batch_size=options["batch_size"],
        seed=options["seed"],
        hidden=options["hidden"],
    )
    return Wish(
        people=options["folder"],
        validation=options["val"],
        share=options["val_share"],
        unknown=options["unknown"],
        unknown_rate=options["unknown_rate"],
        backbone=backbone,
        weights=weights,
        output=options["output"],
        resume=options["resume"],
        plan=plan,
    )


def _require_extra() -> None:
    import importlib.util

    from countenance.training.errors import MissingExtraError

    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("matplotlib")


def _run(
    session: Session, wish: Wish, work: Path
) -> tuple[Sides, TrainedRecogniser, RecogniserReport]:
    from countenance.evaluation.recogniser_report import recogniser_report
    from countenance.training.backbones import open_backbone
    from countenance.training.recogniser import head_count, train_recogniser
    from countenance.training.recogniser_files import recogniser_files
    from countenance.training.recogniser_sources import read_sources
    from countenance.training.work_folder import finish

    sources = read_sources(
        wish.people, wish.validation, wish.unknown, share=wish.share, seed=wish.plan.seed
    )
    engine = session.container.engine
    backbone = open_backbone(wish.backbone, weights=wish.weights, pack=engine.pack)
    sides = _sides(session, wish, sources, backbone, work)
    with session.progress() as progress:
        total = wish.plan.epochs * head_count(sides)
        task = progress.add_task("Training", total=total)
        trained = train_recogniser(
            sides,
            plan=wish.plan,
            unknown_rate=wish.unknown_rate,
            match_similarity=engine.thresholds.match_similarity,
            work=work,
            on_epoch=lambda: progress.advance(task),
        )
    report = recogniser_report(sides.people, recogniser=trained.recogniser, plain=trained.plain)
    files = recogniser_files(
        trained,
        name=wish.output.absolute().name,
        backbone=backbone,
        backbone_name=wish.backbone,
        data={**sides.counts(), "seed": wish.plan.seed, "split": _split_in_words(wish)},
        figures=report.as_dict(),
    )
    finish(work, wish.output, files | _report_files(report))
    return sides, trained, report


def _sides(session: Session, wish: Wish, sources: Sources, backbone: Backbone, work: Path) -> Sides:
    from countenance.training.recogniser_features import look_at
    from countenance.training.recogniser_sides import arrange

    with session.progress() as progress:
        task = progress.add_task("Looking at pictures", total=sources.count)
        people, checked, unknown = (
            look_at(
                pictures,
                engine=session.container.engine,
                backbone=backbone,
                store=work / "features",
                on_done=lambda: progress.advance(task),
            )
            for pictures in (sources.people, sources.checked, sources.unknown)
        )
    sides = arrange(people, checked, unknown, share=wish.share, seed=wish.plan.seed)
    for unseen in sides.unseen:
        session.note(f"Left out: {unseen.detail.rstrip('.')}.")
    return sides


def _split_in_words(wish: Wish) -> str:
    if wish.validation is not None:
        return "a folder of its own"
    return f"{wish.share:.0%} of each person's photographs, by series"


def _report_files(report: RecogniserReport) -> dict[str, bytes]:
    import json

    text = json.dumps(report.as_dict(), indent=2, ensure_ascii=False) + "\n"
    return {"report.json": text.encode(), "confusion.csv": report.confusion_csv().encode()}
