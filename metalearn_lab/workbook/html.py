"""Executed chapters as web pages."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from metalearn_lab.atomic_file import write_text
from metalearn_lab.workbook.chapters import CHAPTER_LINK
from metalearn_lab.workbook.colab import badge_as_words
from metalearn_lab.workbook.facts import collect_facts, unexpected_facts
from metalearn_lab.workbook.mathml import mathml
from metalearn_lab.workbook.static_outputs import make_static

# No script at all: formulas are MathML, and nothing is a widget or a diagram. The styles are for
# nbconvert's colours that stand out too little (4.5:1 is wanted), and for tables of prose that are
# too wide for a narrow screen.
TEMPLATE = """
{%- extends 'index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block body_header -%}{{ super() }}{{ resources.false_facts }}{%- endblock -%}
{%- block html_head_css -%}
<style>
math { font-size: 1.1em; font-family: "Cambria Math", "STIX Two Math", "Latin Modern Math",
  "DejaVu Math TeX Gyre", math; }
.formula { overflow-x: auto; overflow-y: hidden; }
p.fact { margin: 0; padding: .1em .6em; border-left: 3px solid #2e7d32; }
p.fact.false { border-color: #b3261e; }
@media (max-width: 540px) { div.output_subarea { max-width: 100%; } }
.false-facts { border: 2px solid #b3261e; border-radius: 4px; margin: 1em 15px; padding: .5em 1em; }
.highlight .ow, .highlight .nd { color: #7b14c8; }
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
    resources = {
        "metadata": {"name": _title(content, notebook.stem)},
        "false_facts": _false_facts(content),
    }
    exporter = HTMLExporter(template_name="classic", raw_template=TEMPLATE)
    exporter.register_filter("markdown2html", _to_html)
    page, _ = exporter.from_notebook_node(content, resources)
    write_text(notebook.with_suffix(".html"), _accessible(page))


def _to_html(text: str) -> str:
    """Markdown as HTML, its formulas as MathML, and pictures of other hosts as their words."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        def block_math(self, body: str) -> str:
            return f'<p class="formula" tabindex="0">{mathml(body, display=True)}</p>\n'

        def table(self, text: str) -> str:
            return f'<div class="formula" tabindex="0"><table>\n{text}</table></div>\n'

        def inline_math(self, body: str) -> str:
            return mathml(body, display=False)

        def latex_environment(self, name: str, body: str) -> str:
            return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")

    alone = CHAPTER_LINK.sub(
        r"\g<text>", badge_as_words(text)
    )  # no other chapter lies beside the page
    return str(MarkdownWithMath(renderer=Renderer(escape=False)).render(alone))


def _title(content: Any, otherwise: str) -> str:
    """The first heading."""
    prose = "\n".join(
        cell["source"] for cell in content["cells"] if cell["cell_type"] == "markdown"
    )
    heading = re.search(r"^# (.+)$", prose, re.MULTILINE)
    return heading[1] if heading else otherwise


def _false_facts(content: Any) -> str:
    """What stands at the top of the page: the facts that do not hold, each with its number."""
    false = unexpected_facts(collect_facts(content))
    if not false:
        return ""
    lines = "".join(
        f"<li>{escape(fact['claim'])} ({fact['kind']}; {escape(fact['shown'] or 'False')})</li>"
        for fact in false
    )
    return f'<div class="false-facts"><p>False in this run:</p><ul>{lines}</ul></div>'


def _accessible(page: str) -> str:
    """Wide outputs scroll by keyboard, and the corner of a table of data is no header."""
    page = page.replace('<div class="output_html', '<div tabindex="0" class="output_html')
    return page.replace("<th></th>", "<td></td>")
