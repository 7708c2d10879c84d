"""A page to look at, to print on A4 or to send: one file that loads nothing and runs nothing."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from clinicpbx.reports._report import Column
from clinicpbx.reports._sheet import Page, Row, Sheet, names, shown
from clinicpbx.reports.formats import FORMATS

STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; padding: 2rem 1.5rem 3rem; max-width: 54rem; background: #fff; color: #1a1a1a;
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; }
h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; border-top: 1px solid #bbb; padding-top: .8rem; }
.of { color: #444; margin: 0 0 .2rem; }
ul.told { padding-left: 1.2rem; }
figure { margin: 1rem 0 1.4rem; }
figcaption { font-weight: 600; margin-bottom: .4rem; }
svg { width: 100%; height: auto; display: block; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: #444; padding-bottom: .3rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { padding: .25rem .4rem; text-align: right; vertical-align: top; border-bottom: 1px solid #ddd; }
thead th { border-bottom: 2px solid #555; vertical-align: bottom; font-size: .92em; line-height: 1.2; }
.dense { font-size: .75rem; }
.dense th, .dense td { padding: .22rem .25rem; }
th.words, td.words, tbody th { text-align: left; }
td.alarm { font-weight: 700; color: #b00020; }
tbody th { font-weight: 500; white-space: nowrap; }
.read { font-size: .88rem; color: #333; }
.read dl { columns: 2; column-gap: 2rem; }
.read dt { font-weight: 600; }
.read dd { margin: 0 0 .3rem 1rem; break-before: avoid; }
details { font-size: .85rem; margin: .6rem 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f4f4; padding: .6rem; }
footer { margin-top: 2rem; color: #555; font-size: .8rem; border-top: 1px solid #ddd; padding-top: .5rem; }
@page { size: A4; margin: 15mm 14mm; }
@media print {
  body { padding: 0; max-width: none; font-size: 10pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  details { display: none; }
  .read { font-size: 8pt; }
  figure, tr { break-inside: avoid; }
  h1 { font-size: 15pt; }
  h2 { break-after: avoid; font-size: 11pt; margin-top: .9rem; padding-top: .5rem; }
  table { font-size: 8.5pt; }
  th, td { padding: .12rem .3rem; }
  .dense { font-size: 6.8pt; }
  .dense th, .dense td { padding: .12rem .2rem; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
}
"""
DENSE = 10
"""So many columns have small letters, or they do not fit on A4."""
SECURE = "default-src 'none'; style-src 'unsafe-inline'"


@FORMATS.register("html")
def write(page: Page) -> bytes:
    """The whole document; every word of it that is not ours is escaped."""
    alone = len(page.sheets) == 1
    title = escape(f"{page.title} · {page.clinic}" if page.clinic else page.title)
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{SECURE}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>",
        f'<p class="of">{escape(page.clinic)}</p>\n<h1>{escape(page.title)}</h1>',
        f'<p class="of">{escape(page.stretch)}</p>\n</header>\n<main>',
        *_told(page.lines),
        *(line for sheet in page.sheets for line in _section(sheet, alone)),
        *(() if alone else _words(page.sheets)),
        f"</main>\n<footer>{escape(_foot(page))}</footer>\n</body>\n</html>\n",
    ]
    return "\n".join(parts).encode()


def _foot(page: Page) -> str:
    known = page.period.now or page.period.until
    return f"ClinicPBX, report {page.name}. Figures as known {shown(known, page.period.zone)}."


def _told(lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield '<ul class="told">'
        yield from (f"<li>{escape(line)}</li>" for line in lines)
        yield "</ul>"


def _section(sheet: Sheet, alone: bool) -> Iterator[str]:
    """*alone*: the page's title is that of the sheet, which says all its words itself."""
    yield "<section>"
    if not alone:
        yield f"<h2>{escape(sheet.title)}</h2>"
    if sheet.picture:
        what = sheet.picture.partition('aria-label="')[2].partition('"')[0]
        yield f"<figure>\n<figcaption>{what}</figcaption>\n{sheet.picture}\n</figure>"
    if sheet.rows:
        columns, rows = _twin(sheet)
        dense = ' class="dense"' if len(columns) >= DENSE else ""
        unseen = "" if alone else ' class="unseen"'
        yield f'<div class="wide">\n<table{dense}>\n<caption{unseen}>{escape(sheet.title)}</caption>'
        yield from _table(columns, rows)
        yield "</table>\n</div>"
        if sheet.formula and not alone:
            yield f'<p class="read">{escape(sheet.formula)}</p>'
    else:
        yield f"<p>{escape(sheet.empty)}</p>"
    if alone:
        yield f'<div class="read">\n<p><strong>How to read it.</strong> {escape(sheet.formula)}</p>'
        yield from _meanings([sheet])
        yield from _told(sheet.edges)
        yield "</div>"
    if sheet.calls:
        told = "\n".join(map(escape, sheet.calls))
        yield f"<details>\n<summary>The calls behind each row</summary>\n<pre>{told}</pre>\n</details>"
    yield "</section>"


def _words(sheets: Sequence[Sheet]) -> Iterator[str]:
    """The words of all *sheets* at the end."""
    yield '<section>\n<h2>What the words mean</h2>\n<div class="read">'
    yield from _meanings([sheet for sheet in sheets if sheet.rows])
    yield "</div>\n</section>"


def _meanings(sheets: Sequence[Sheet]) -> Iterator[str]:
    columns = dict.fromkeys(column for sheet in sheets for column in sheet.columns if column.meaning or column.formula)
    yield "<dl>" if columns else ""
    for column in columns:
        said = "; ".join(filter(None, (column.meaning, f"= {column.formula}" if column.formula else "")))
        yield f"<dt>{escape(_head(column))}</dt><dd>{escape(said)}</dd>"
    yield "</dl>" if columns else ""


def _twin(sheet: Sheet) -> tuple[Sequence[Column], Sequence[Row]]:
    """The table of a heat map has its two sides, and what is drawn; any other is as it is."""
    by = names(sheet.columns, sheet.rows)
    if [column.name for column in by[1:]] != ["quarter"] or not sheet.picture:
        return sheet.columns, sheet.rows
    drawn = sheet.columns[2].name
    tops = list(dict.fromkeys(str(row[by[0].name]) for row in sheet.rows))
    quarters = sorted({str(row["quarter"]) for row in sheet.rows})
    found = {(row["quarter"], row[by[0].name]): row[drawn] for row in sheet.rows}
    rows = [{"quarter": quarter, **{top: found.get((quarter, top), 0) for top in tops}} for quarter in quarters]
    return (Column("quarter"), *map(Column, tops)), rows


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[str]:
    wordy = [n == 0 or any(isinstance(row[column.name], str) for row in rows) for n, column in enumerate(columns)]
    heads = [
        f'<th scope="col"{" class=words" if words else ""}>{escape(_head(column))}</th>'
        for column, words in zip(columns, wordy, strict=True)
    ]
    yield f"<thead><tr>{''.join(heads)}</tr></thead>\n<tbody>"
    for row in rows:
        first, *rest = (_cell(row[column.name]) for column in columns)
        cells = [
            f"<td{_looks(words, column.alarm != '' and cell == column.alarm)}>{escape(cell)}</td>"
            for cell, words, column in zip(rest, wordy[1:], columns[1:], strict=True)
        ]
        yield f'<tr><th scope="row">{escape(first)}</th>{"".join(cells)}</tr>'
    yield "</tbody>"


def _looks(words: bool, alarm: bool) -> str:
    named = " ".join(name for name, so in (("words", words), ("alarm", alarm)) if so)
    return f' class="{named}"' if named else ""


def _head(column: Column) -> str:
    return column.name.replace("_", " ") + (f" ({column.unit})" if column.unit else "")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.1f}"
    return value.isoformat(sep=" ", timespec="minutes") if hasattr(value, "tzinfo") else str(value)
