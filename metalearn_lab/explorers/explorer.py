"""What every explorer is: controls, a picture and its table that follow them, a still picture.

A page without a kernel (GitHub, HTML, a printed copy) shows the still picture in place of the
controls. Only widgets that ipywidgets 7.7 and 8 share are used, and the area is an HTML widget:
an Output widget would keep an exception to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from metalearn_lab.explorers.lifetime import close_when_gone, keep_while_shown, weak_method
from metalearn_lab.figures.style import png_bundle

if TYPE_CHECKING:
    from ipywidgets import Widget
    from matplotlib.figure import Figure

    from metalearn_lab.figures.drawing import Drawing

_ALIGN_LEFT = "text-align:left"  # JupyterLab aligns cells to the right
WIDGET_VIEW_MIME = "application/vnd.jupyter.widget-view+json"


class View(NamedTuple):
    """What an explorer shows for one setting of its controls.

    Attributes:
        html: for the area under the controls.
        data: the same for a page without a kernel, by MIME type.
        metadata: of ``data``.
        drawing: what is on the canvas of a ``DragExplorer``.
    """

    html: str
    data: dict[str, str]
    metadata: dict[str, Any]
    drawing: Drawing | None = None


class Table(NamedTuple):
    """What a picture says, in numbers: for those who cannot see it, and to read values from.

    Attributes:
        caption: what the rows are.
        columns: headings, the first one over the row headers.
        rows: cells as text; the first of each row is its header.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def html_view(html: str, summary: str) -> View:
    """A view that is HTML.

    Args:
        html: escaped where it holds text from elsewhere.
        summary: the same in one line of plain text.
    """
    return View(html, {"text/html": html, "text/plain": summary}, {})


def figure_view(figure: Figure, alt: str) -> View:
    """A view that is a figure; the picture carries its alternative text, live and still.

    Raises:
        ValueError: no alternative text.
    """
    data, metadata = png_bundle(figure, alt)
    return View(_image_html(data, metadata), data, metadata)


def picture_view(
    bundle: tuple[Mapping[str, str], Mapping[str, Any]], table: Table, note: str = ""
) -> View:
    """A view that is a picture with its table under it.

    Args:
        bundle: the picture, as ``figures.scene.Scene.bundle`` gives it.
        table: the same in numbers.
        note: a sentence between the two, such as what an extreme setting does; plain text.
    """
    data, metadata = bundle
    html = _image_html(data, metadata) + noted_table(note, table)
    return View(html, dict(data), dict(metadata))


def noted_table(note: str, table: Table) -> str:
    """A sentence of plain text, or none, over a table."""
    paragraph = f"<p>{escape(note)}</p>" if note else ""
    return paragraph + table_html(table)


def _image_html(data: Mapping[str, str], metadata: Mapping[str, Any]) -> str:
    image_properties = metadata["image/png"]
    return (
        f'<img alt="{escape(image_properties["alt"])}" width="{image_properties["width"]}" '
        f'height="{image_properties["height"]}" '
        f'src="data:image/png;base64,{data["image/png"]}">'
    )


def table_html(table: Table) -> str:
    """A table whose headers are marked as such.

    Raises:
        ValueError: a row has not one cell for each column.
    """
    for row in table.rows:
        if len(row) != len(table.columns):
            raise ValueError(f"{len(table.columns)} columns, but a row is {list(row)}")
    return table_of_rows(escape(table.caption), table.columns, map(_row_html, table.rows))


def table_of_rows(caption: str, columns: Iterable[str], rows: Iterable[str]) -> str:
    """A table of rows that are HTML already.

    Args:
        caption: HTML.
        columns: headings as text.
        rows: a ``<tr>`` each.
    """
    header_cells = "".join(
        f'<th scope="col" style="{_ALIGN_LEFT}">{escape(column)}</th>' for column in columns
    )
    return (
        f'<table><caption style="{_ALIGN_LEFT}">{caption}</caption>'
        f"<thead><tr>{header_cells}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _row_html(row: Sequence[str]) -> str:
    header, *cells = map(escape, row)
    data_cells = "".join(f'<td style="{_ALIGN_LEFT}">{cell}</td>' for cell in cells)
    return (
        f'<tr><th scope="row" style="{_ALIGN_LEFT};font-weight:normal">{header}</th>'
        f"{data_cells}</tr>"
    )


class Explorer:
    """Base of the explorers: redraws when a control moves, and never trains.

    Subclasses give ``view``: what to show for these values of the controls, by their names. What
    is wrong with the reader's choice belongs in the view; an exception is a fault of the program:
    the area says so, and it goes on to the caller.

    Args:
        controls: ipywidgets with a ``value``, by the name of the argument of ``view`` that they
            set, in the order shown.
        between: widgets that stand between the controls and the area.

    Attributes:
        controls: as given.
        view_widget: the HTML under them.
        box: the controls, in rows that wrap, over the area.
        current_view: what is shown now.
    """

    view: Callable[..., View]

    def __init__(self, controls: Mapping[str, Any], between: Sequence[Widget] = ()) -> None:
        from ipywidgets import HTML, HBox, Layout, VBox

        self.controls = dict(controls)
        self.view_widget = HTML()
        controls_box = HBox(list(self.controls.values()), layout=Layout(flex_flow="row wrap"))
        self.box = VBox([controls_box, *between, self.view_widget])
        close_when_gone(self, self.box)
        self.current_view = self.redraw()
        for control in self.controls.values():
            control.observe(weak_method(self.redraw), names="value")

    def arguments(self) -> dict[str, Any]:
        """What ``view`` is called with."""
        return {name: control.value for name, control in self.controls.items()}

    def redraw(self, change: object = None) -> View:
        """Show what the controls say now.

        Raises:
            Exception: whatever ``view`` raises.
        """
        try:
            self.current_view = self.view(**self.arguments())
        except Exception as error:
            self.view_widget.value = f"<p>This view failed: {escape(repr(error))}</p>"
            raise
        self.view_widget.value = self.current_view.html
        return self.current_view

    def show(self) -> None:
        """Show the explorer as one output: live with a kernel, a still picture without one.

        It lives until the cell that shows it is run again, and on while a variable holds it.
        """
        from IPython.display import display

        data, metadata = self.bundle()
        keep_while_shown(self)
        display(data, metadata=metadata, raw=True)

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What ``show`` displays: the widget and the still picture by MIME type, and metadata."""
        return {
            **self.current_view.data,
            WIDGET_VIEW_MIME: {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.box.model_id,
            },
        }, self.current_view.metadata
