"""Sphinx's configuration of the site; every name here is one of Sphinx's own.

Nothing is executed, and every style, script and font comes from the installed packages.
"""

from __future__ import annotations

from typing import Any

from docutils.nodes import SkipNode

from metalearn_lab.workbook.mathml import mathml

project = "The meta-learning lab"
html_title = project
language = "en"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_favicon = "static/icon.svg"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_copy_source = False
html_use_index = False
html_show_search_summary = False  # fetches the pages, which a browser forbids from a disk
html_show_copyright = False
html_show_sphinx = False

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
python_maximum_signature_line_length = 90
napoleon_use_ivar = True  # an attribute is described where the class is, and no second time

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_render_markdown_format = "myst"


def setup(app: Any) -> None:
    """Draw formulas, and mend the pages where a reader who has no mouse or eyes would be stuck."""
    app.add_html_math_renderer("mathml", (_inline_formula, None), (_formula, None))
    app.connect("html-page-context", _make_accessible, priority=900)  # after the theme's own


def _inline_formula(page: Any, formula: Any) -> None:
    page.body.append(mathml(formula.astext(), display=False))
    raise SkipNode


def _formula(page: Any, formula: Any) -> None:
    drawn = mathml(formula.astext(), display=True)
    page.body.append(f'<p class="formula" tabindex="0">{drawn}</p>\n')
    raise SkipNode


def _make_accessible(
    app: Any, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Wide code and outputs scroll by keyboard, and every heading has a level.

    The empty corner of a table of data is no header.
    """
    body = context.get("body", "")
    body = body.replace("<pre>", '<pre tabindex="0">').replace("<th></th>", "<td></td>")
    wide = '<div class="output text_html"'
    context["body"] = body.replace(f"{wide}>", f'{wide} tabindex="0">')
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )
