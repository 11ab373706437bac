"""One HTML page for a report: works offline, in light and dark, on a screen and on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from countenance.evaluation.svg import FONT
from countenance.evaluation.theme import custom_properties

_STYLE: Final = """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 FONT;
  -webkit-text-size-adjust:100%}
main{max-width:1080px;margin:0 auto;padding:40px 20px 64px}
h1{font-size:30px;line-height:1.2;letter-spacing:-.015em;margin:0 0 6px;text-wrap:balance}
h2{font-size:20px;letter-spacing:-.01em;margin:44px 0 8px}
p{max-width:46em;margin:8px 0}
a{color:var(--accent)}
.lead,.note,figcaption,th{color:var(--muted)}
.note,figcaption{font-size:14px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;
  margin:24px 0 0;padding:0}
.figures div,figure,.table{background:var(--surface);border:1px solid var(--line);
  border-radius:14px}
.figures div{padding:14px 16px}
.figures dt{font-size:14px;color:var(--muted)}
.figures dd{margin:0;font-size:25px;font-weight:640;letter-spacing:-.02em;
  font-variant-numeric:tabular-nums}
.figures .interval{display:block;font-size:13px;font-weight:400;letter-spacing:0;
  color:var(--muted)}
.table{overflow-x:auto;margin:14px 0}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:9px 16px;border-top:1px solid var(--line);vertical-align:top}
thead th{border-top:0;font-size:14px;font-weight:500;white-space:nowrap}
tbody th{font-weight:400;color:var(--ink);min-width:9em}
td{white-space:nowrap}
.charts,.tiles{display:grid;gap:16px;margin:14px 0;
  grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr))}
figure{margin:0;padding:14px}
figure svg{display:block;width:100%;height:auto}
.tiles{grid-template-columns:repeat(auto-fill,minmax(min(100%,240px),1fr))}
.tiles img{width:calc(50% - 4px);height:auto;border-radius:8px;display:inline-block;
  aspect-ratio:1;object-fit:cover}
.tiles img+img{margin-left:8px}
.tiles img:only-of-type{width:100%}
figcaption{margin-top:8px;overflow-wrap:anywhere}
figcaption b{color:var(--ink);font-weight:600}
.wrong b{color:var(--bad)}
code{font:14px ui-monospace,monospace;overflow-wrap:anywhere}
@media (max-width:560px){main{padding:24px 14px 48px}h1{font-size:25px}
  th,td{padding:8px 10px}figure{padding:10px}.figures{grid-template-columns:1fr 1fr}
  .figures dd{font-size:21px}}
@media print{body{background:#fff}figure,.figures div,.table{break-inside:avoid}}
"""


def page(title: str, *, lead: str, body: Iterable[str]) -> str:
    """A whole page.

    Args:
        title: plain text.
        lead: plain text under the title.
        body: elements, already safe.
    """
    style = custom_properties() + _STYLE.replace("FONT", FONT)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(title)}</h1>\n<p class="lead">{escape(lead)}</p>\n'
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def figures(rows: Iterable[tuple[str, str, str]]) -> str:
    """Numbers to see first: name, value, and what stands under it (empty for nothing)."""
    cells = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}"
        + (f'<span class="interval">{escape(under)}</span>' if under else "")
        + "</dd></div>"
        for name, value, under in rows
    )
    return f'<dl class="figures">{"".join(cells)}</dl>'


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of plain text; the first cell of a row is its heading."""
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    lines = (
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="table"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def heading(text: str) -> str:
    """A section begins."""
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str, *, is_note: bool = False) -> str:
    """Plain text."""
    kind = ' class="note"' if is_note else ""
    return f"<p{kind}>{escape(text)}</p>"


def chart(element: str, *, caption: str) -> str:
    """A chart of `svg.svg_of` with what to see in it."""
    return f"<figure>{element}<figcaption>{escape(caption)}</figcaption></figure>"


def charts(elements: Iterable[str]) -> str:
    """Charts side by side where there is room."""
    return f'<div class="charts">{"".join(elements)}</div>'
