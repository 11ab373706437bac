"""`countenance pad promote` and `pad demote`: which detector logins use, decided on figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.cli.pad_judging import Judged, Rows
    from countenance.datasets.manifest import Kind
    from countenance.evaluation.pad_comparison import PairedRate
    from countenance.evaluation.pad_measurement import Familiar, PadMeasurement


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """The detector in service and another one on the same presentations."""

    old: PadMeasurement
    new: PadMeasurement
    rates: tuple[PairedRate, ...]
    new_familiar: Familiar
    """What of the data the new one was trained with."""
    old_familiar: Familiar

    @property
    def objections(self) -> tuple[str, ...]:
        """Why the new one should not go into service; empty when nothing speaks against it."""
        from countenance.evaluation.pad_comparison import LEAST_OF_EACH

        report, said = self.new.report, []
        if self.new_familiar.is_any:
            sources = ", ".join(self.new_familiar.sources)
            said.append(
                f"{self.new_familiar.presentations} presentations are of sources that it was "
                f"trained with: {sources}."
            )
        for name, count in (("bona fide", report.n_bona_fide), ("attack", report.n_attack)):
            if count < LEAST_OF_EACH:
                said.append(f"{count} {name} presentations tell too little; {LEAST_OF_EACH} do.")
        said += [f"{told.name} is worse by more than its interval." for told in self.rates
                 if told.is_worse]  # fmt: skip
        return tuple(said)


@click.command()
@click.argument("card", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--manifest",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Presentations to judge both with, of sources that CARD was not trained with.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder that the paths of the manifest start from; default its own.",
)
@click.option(
    "--kind",
    type=click.Choice(["full_frame", "tight_crop", "clip"]),
    default="full_frame",
    show_default=True,
    help="Rows to judge, as for `evaluate pad`.",
)
@click.option(
    "--despite-worse",
    metavar="REASON",
    help="Promote it although something speaks against it; the reason goes to the audit trail.",
)
@json_option
@pass_session
def promote(
    session: Session,
    card: Path,
    manifest: Path,
    root: Path | None,
    kind: str,
    despite_worse: str | None,
) -> None:
    """Put the detector of CARD into service, if it is no worse than the one there.

    Both judge the same presentations, each at its own threshold. The new one is refused when an
    error rate (BPCER, or APCER of a species) is worse by more than its 95 % interval, when
    presentations come from sources that its card lists as training data, or when there are fewer
    than 20 of either class. Then model and card are copied into the home directory and logins use
    them from the next start of the server on. The audit trail tells it.

    COUNTENANCE_PAD_CARD, where it is set, goes before what was promoted.

    Exit status: 0 promoted, 1 refused or failed and nothing changed, 2 wrong usage.

    JSON keys: promoted refused (list of reasons) card (in the home directory; null) old new (as of
    `evaluate pad`: detector threshold bpcer apcer apcer_worst eer auc, intervals) rates (name old
    new difference_interval is_worse) old_in_training new_in_training overruled_by_setting.

    \b
    Examples:
      countenance pad promote detector/pad-lite0-linear.json --manifest door/manifest.csv
      countenance pad promote new.json --manifest set.csv --root images --json
      countenance pad promote new.json --manifest set.csv --despite-worse "printer in the hall"
    """
    from countenance.cli.pad_judging import rows_of
    from countenance.datasets.manifest import Kind

    if despite_worse is not None and not despite_worse.strip():
        raise click.UsageError("--despite-worse needs a reason.")
    chosen = Kind(kind)
    _refuse_the_same(session, card)
    rows = rows_of(manifest, root=root, kind=chosen)
    contest = _contest(session, card, rows, chosen)
    objections = contest.objections
    if not session.wants_json:
        _show(session, contest)
    installed = None
    if not objections or despite_worse:
        installed = _put_in_service(session, card, reason=despite_worse if objections else None)
    _tell(session, contest, installed)
    if installed is None:
        click.get_current_context().exit(1)


@click.command()
@json_option
@pass_session
def demote(session: Session) -> None:
    """Go back to the shipped detector; a promoted one stays installed and can be promoted again.

    Logins use it from the next start of the server on. The audit trail tells it.

    JSON keys: demoted (false when none was promoted) overruled_by_setting.

    \b
    Examples:
      countenance pad demote
    """
    from countenance.events import Tag
    from countenance.vision.pad_service import is_promoted, take_out_of_service

    models = session.settings.home / "models"
    was_promoted = is_promoted(models)
    if was_promoted:
        session.container.identity.audit.append(Tag.DETECTOR_DEMOTED)
        take_out_of_service(models, ledger=session.container.ledger)
    if session.wants_json:
        session.answer({"demoted": was_promoted, "overruled_by_setting": _overruled(session)})
        return
    click.echo(
        "The shipped detector is in service from the next start on."
        if was_promoted
        else "No detector was promoted; nothing changed."
    )
    _warn_of_setting(session)


def _refuse_the_same(session: Session, card: Path) -> None:
    from countenance.vision.errors import ModelInvalidError
    from countenance.vision.pad_card import read_pad_card

    used = session.container.pad_in_service.card
    if read_pad_card(card).sha256 == read_pad_card(used).sha256:
        raise ModelInvalidError(
            f"The detector of {card} is in service already.", remedy="There is nothing to do."
        )


def _contest(session: Session, card: Path, rows: Rows, kind: Kind) -> Contest:
    from countenance.cli.pad_judging import container_with, judge
    from countenance.evaluation.pad_comparison import paired_rates
    from countenance.evaluation.pad_measurement import familiar
    from countenance.vision.pad_card import read_pad_card

    other = container_with(session, card)
    old = judge(session, session.container.engine, rows, kind, title="Detector in service")
    new = judge(session, other.engine, rows, kind, title="New detector")
    rates = paired_rates(
        old.scored, new.scored, old_threshold=old.threshold, new_threshold=new.threshold
    )
    trained = {
        name: familiar(read_pad_card(path).data, rows.chosen)
        for name, path in (("old", session.container.pad_in_service.card), ("new", card))
    }
    return Contest(
        _measurement(old, rows, kind, name=session.container.engine.pad.name),
        _measurement(new, rows, kind, name=other.engine.pad.name),
        tuple(rates),
        new_familiar=trained["new"],
        old_familiar=trained["old"],
    )


def _measurement(told: Judged, rows: Rows, kind: Kind, *, name: str) -> PadMeasurement:
    from countenance.evaluation.pad_measurement import LeftOut, Protocol, measure

    return measure(
        told.scored,
        detector=name,
        kind=kind,
        protocol=Protocol.DETECTOR,
        threshold=told.threshold,
        left_out=LeftOut(rows.not_captured, 0, told.unreadable),
    )


def _put_in_service(session: Session, card: Path, *, reason: str | None) -> Path:
    """Copy, tell the audit trail, and only then let logins use it."""
    from countenance.bootstrap import prepare_home
    from countenance.events import Tag
    from countenance.vision.pad_card import read_pad_card
    from countenance.vision.pad_service import install_detector, put_in_service

    models = session.settings.home / "models"
    prepare_home(session.settings.home)
    before = read_pad_card(session.container.pad_in_service.card)
    installed = install_detector(card, models)
    after = read_pad_card(installed)
    details = {
        "detector": f"{after.name}/{after.version}",
        "sha256": after.sha256,
        "replaced": f"{before.name}/{before.version}",
        "replaced_sha256": before.sha256,
    }
    if reason is not None:
        details["despite_worse"] = reason.strip()
    session.container.identity.audit.append(Tag.DETECTOR_PROMOTED, details=details)
    put_in_service(installed, models, ledger=session.container.ledger)
    return installed


def _tell(session: Session, contest: Contest, installed: Path | None) -> None:
    if session.wants_json:
        session.answer(_as_json(session, contest, installed))
        return
    for objection in contest.objections:
        click.echo(f"Against it: {objection}")
    if installed is None:
        click.echo("Not promoted; nothing changed. --despite-worse REASON overrules this.")
        return
    click.echo(f"Promoted: {installed}. Logins use it from the next start on.")
    click.echo("Back to the shipped one: countenance pad demote")
    _warn_of_setting(session)


def _as_json(session: Session, contest: Contest, installed: Path | None) -> dict[str, object]:
    return {
        "promoted": installed is not None,
        "refused": list(contest.objections),
        "card": None if installed is None else str(installed),
        "old": {"detector": contest.old.detector, **contest.old.report.as_dict()},
        "new": {"detector": contest.new.detector, **contest.new.report.as_dict()},
        "rates": [
            {
                "name": told.name,
                "old": round(told.old.value, 4),
                "new": round(told.new.value, 4),
                "difference_interval": [
                    round(told.difference.low, 4),
                    round(told.difference.high, 4),
                ],
                "is_worse": told.is_worse,
            }
            for told in contest.rates
        ],
        "old_in_training": list(contest.old_familiar.sources),
        "new_in_training": list(contest.new_familiar.sources),
        "overruled_by_setting": _overruled(session),
    }


def _overruled(session: Session) -> bool:
    return bool(session.settings.engine.pad_card)


def _warn_of_setting(session: Session) -> None:
    if _overruled(session):
        session.note(
            f"COUNTENANCE_PAD_CARD is set to {session.settings.engine.pad_card} and goes before "
            "this; unset it."
        )


def _show(session: Session, contest: Contest) -> None:
    from rich.table import Table

    from countenance.evaluation.pad_words import percent, span

    old, new = contest.old, contest.new
    click.echo(
        f"{new.report.n_bona_fide} bona fide presentations and {new.report.n_attack} attacks, the "
        "same for both."
    )
    met = contest.old_familiar
    if met.is_any:
        click.echo(
            f"The detector in service was trained with {met.presentations} of them, so its figures "
            "flatter."
        )
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("RATE, 95 %", f"OLD {old.detector}", f"NEW {new.detector}", "NEW LESS OLD"):
        table.add_column(heading)
    for told in contest.rates:
        table.add_row(
            told.name,
            *(f"{percent(one.value)}\n{span(one.interval)}" for one in (told.old, told.new)),
            span(told.difference) + ("\nworse" if told.is_worse else ""),
        )
    for name, ends in (("EER", "eer"), ("AUC", "auc")):
        values = (f"{getattr(one.report, ends):.4f}" for one in (old, new))
        table.add_row(name, *values, "")
    session.console.print(table)
