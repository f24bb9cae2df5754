"""Executed chapters as web pages: each notebook exported, and an index that links them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from metalearn_lab.atomic_file import write_text
from metalearn_lab.workbook.failure import one_line
from metalearn_lab.workbook.record import Record
from metalearn_lab.workbook.static_outputs import make_static

STYLE = """
body { font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } caption { text-align: left; padding: .5rem 0; }
th, td { border: 1px solid #767676; padding: .4rem .6rem; text-align: left; vertical-align: top; }
"""

# Where nbconvert's colours stand out too little (4.5:1 is wanted) and tables of prose are too wide
# for a narrow screen; and no script that the page can lack: nothing is a widget or a diagram.
TEMPLATE = """
{%- extends 'index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_css -%}
<style>
.highlight .ow { color: #7b14c8; }
div.output_prompt { color: #b3370f; }
.rendered_html caption { color: #333333; }
.text_cell_render table { overflow-wrap: anywhere; }
.rendered_html a:link, .rendered_html a:visited { color: #1d5a91; }
</style>
{%- endblock -%}
"""


def export_html(notebook: Path) -> None:
    """Write an executed notebook as a web page beside it, with pictures in place of widgets.

    The `classic` template is the one that keeps the alt text of figures.
    """
    import nbformat
    from nbconvert import HTMLExporter

    content = nbformat.read(notebook, as_version=4)
    make_static(content)
    resources = {"metadata": {"name": _title(content, notebook.stem)}}
    exporter = HTMLExporter(template_name="classic", raw_template=TEMPLATE)
    page, _ = exporter.from_notebook_node(content, resources)
    write_text(notebook.with_suffix(".html"), _accessible(page))


def _title(content: Any, otherwise: str) -> str:
    """The first heading."""
    prose = "\n".join(
        cell["source"] for cell in content["cells"] if cell["cell_type"] == "markdown"
    )
    heading = re.search(r"^# (.+)$", prose, re.MULTILINE)
    return heading[1] if heading else otherwise


def _accessible(page: str) -> str:
    """Wide outputs scroll by keyboard, and the corner of a table of data is no header."""
    page = page.replace('<div class="output_html', '<div tabindex="0" class="output_html')
    return page.replace("<th></th>", "<td></td>")


def index_page(records: Sequence[Record]) -> str:
    """The page that links the chapters of a run, in the order of their records."""
    rows = "\n".join(_row(record) for record in records)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The meta-learning lab: a run</title>
<style>{STYLE}</style>
</head>
<body>
<h1>The meta-learning lab: a run</h1>
<table>
<caption>Chapters in the order they ran</caption>
<thead><tr><th scope="col">Chapter</th><th scope="col">Seconds</th><th scope="col">Status</th>
<th scope="col">Headline results</th><th scope="col">Parameters</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
<h2>Computed with</h2>
{computed_with(records)}
<p>The same as data: <a href="table.csv">table.csv</a>, and one record a chapter, linked above</p>
</body>
</html>
"""


def said(record: Record) -> list[str]:
    """The headline results of a run, one a line; what is no number among them is said."""
    lines = [one_line(line["text"]) for line in record.headlines]
    if names := record.not_finite:
        lines.append(f"Not finite: {', '.join(names)}.")
    return lines


def computed_with(records: Sequence[Record]) -> str:
    """The devices and versions behind some records, each said once; some never ran."""
    return "".join(dict.fromkeys(_computed_with(each) for each in records if each.versions))


def _computed_with(record: Record) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    return f"<p>Available device: {escape(record.device)}</p>\n<p>{escape(versions)}</p>\n"


def _row(record: Record) -> str:
    lines = [*([record.error] if record.error else []), *said(record)]
    parameters = ", ".join(f"{k} = {json.dumps(v)}" for k, v in record.parameters.items())
    files = [*record.files, f"{record.chapter}.json"]
    links = "".join(f' <a href="{escape(file)}">{escape(file)}</a>' for file in files)
    return (
        f'<tr><th scope="row">{escape(record.chapter)}{links}</th>'
        f"<td>{record.seconds:.1f}</td><td>{escape(record.status)}</td>"
        f"<td>{'<br>'.join(escape(line) for line in lines)}</td><td>{escape(parameters)}</td></tr>"
    )
