"""Splits that keep whole sources together.

Frames of one session look alike down to the wallpaper. A detector that trains on some and is
tested on others measures its memory, so a split by frame is not offered at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from countenance.datasets.errors import DatasetError, LeakError
from countenance.datasets.manifest import Presentation


def source_folds(presentations: Sequence[Presentation], *, folds: int) -> tuple[int, ...]:
    """Give each presentation a fold so that no source and no subject is in two.

    Sources that share a named subject stay together. Groups are dealt out by size, the largest
    first, each to the fold that is smallest then; the same set always gives the same folds.

    Args:
        presentations: each needs a source.
        folds: at least 2; fewer come back when there are fewer groups.

    Returns: (n,) numbers from 0, in the order given.

    Raises:
        DatasetError: a source is missing, or fewer than 2 folds are asked for.
        LeakError: everything hangs together, so nothing could be held out.
    """
    if folds < 2:
        raise DatasetError("A split needs at least 2 folds.", remedy="Give --folds 2 or more.")
    groups = _groups(presentations)
    sizes = Counter(groups[p.source] for p in presentations)
    if len(sizes) < 2:
        raise LeakError(
            "All presentations hang together through their sources and subjects, so nothing can "
            "be held out.",
            remedy="Add presentations of another camera, room and person, and name them in the "
            "column source.",
        )
    folds = min(folds, len(sizes))
    loads, fold_of = [0] * folds, {}
    for group, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        fold = loads.index(min(loads))
        fold_of[group] = fold
        loads[fold] += size
    return tuple(fold_of[groups[p.source]] for p in presentations)


def refuse_leak(training: Iterable[Presentation], held_out: Iterable[Presentation]) -> None:
    """Stop when the two sets share a file, a source or a named subject.

    Raises: LeakError: names one of those shared.
    """
    train, test = list(training), list(held_out)
    for what, of in (
        ("file", lambda p: str(p.path)),
        ("source", lambda p: p.source),
        ("subject", lambda p: p.subject),
    ):
        shared = {of(p) for p in train} & {of(p) for p in test} - {""}
        if shared:
            raise LeakError(
                f"The {what} {min(shared)!r} is in the training and in the held-out set.",
                remedy="Keep each camera, room and person in one of the two.",
            )


def _groups(presentations: Sequence[Presentation]) -> dict[str, str]:
    """Source -> the first name of the sources it is bound to by shared subjects."""
    parent = {p.source: p.source for p in presentations}
    if "" in parent:
        nameless = next(p.path for p in presentations if not p.source)
        raise DatasetError(
            f"{nameless} has no source, so a split could leak.",
            remedy="Fill the column source: the camera, room and session of each file.",
        )

    def root(source: str) -> str:
        while parent[source] != source:
            source = parent[source]
        return source

    first_source: dict[str, str] = {}
    for p in presentations:
        if p.subject:
            a, b = root(first_source.setdefault(p.subject, p.source)), root(p.source)
            parent[max(a, b)] = min(a, b)
    return {source: root(source) for source in parent}
