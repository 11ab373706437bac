"""The trail as a file: a JSON object a line, or comma-separated values."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Final

from countenance.identity.audit_chain import Link
from countenance.identity.audit_trail import as_values

FIELDS: Final = ("number", "at", "tag", "subject", "actor", "address", "details")


def write_trail(rows: Iterable[Link], *, kind: str) -> Iterator[str]:
    """The lines of the file, each with its end.

    Args: kind: `jsonl`, or `csv` after RFC 4180 with a line of names first.
    """
    if kind == "jsonl":
        for row in rows:
            yield json.dumps({**as_values(row), "details": json.loads(row.details)}) + "\n"
        return
    yield _csv_line(FIELDS)
    for row in rows:
        values = as_values(row)
        yield _csv_line(tuple(_plain(values[name]) for name in FIELDS))


def _csv_line(values: tuple[object, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()


def _plain(value: object) -> object:
    """A text that no spreadsheet takes for a formula."""
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if is_formula else value
