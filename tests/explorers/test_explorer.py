"""The base: one output, live and still; a fault in a view is never kept quiet."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from metalearn_lab.explorers.controls import slider
from metalearn_lab.explorers.explorer import (
    Explorer,
    Table,
    figure_view,
    html_view,
    picture_view,
)
from metalearn_lab.figures.style import new_figure

WIDGET_VIEW_MIME = "application/vnd.jupyter.widget-view+json"


class Squares(Explorer):
    """Squares of a number; refuses 4."""

    def __init__(self):
        super().__init__({"n": slider("n", 2, 0, 9)})

    def view(self, *, n):
        if n == 4:
            raise RuntimeError("four <is> too many")
        return html_view(f"<p>{n * n}</p>", str(n * n))


class Line(Explorer):
    """A figure."""

    def __init__(self):
        super().__init__({"n": slider("n", 2, 0, 9)})

    def view(self, *, n):
        figure, (axes,) = new_figure()
        axes.plot([0, n])
        return figure_view(figure, f'a line up to "{n}"')


@pytest.fixture
def _shell():
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def shown(thing):
    with capture_output() as captured:
        thing.show()
    [output] = captured.outputs
    return output


def test_moving_a_control_changes_the_area():
    squares = Squares()
    assert squares.view_widget.value == "<p>4</p>"
    squares.controls["n"].value = 3
    assert squares.view_widget.value == "<p>9</p>"


@pytest.mark.usefixtures("_shell")
def test_it_is_shown_as_one_output_with_a_still_picture_of_now():
    squares = Squares()
    squares.controls["n"].value = 5
    output = shown(squares)
    assert output.data["text/html"] == "<p>25</p>"
    assert output.data["text/plain"] == "25"
    assert set(output.data) == {"text/html", "text/plain", WIDGET_VIEW_MIME}


@pytest.mark.usefixtures("_shell")
def test_the_live_view_holds_the_controls_over_the_area():
    squares = Squares()
    model = shown(squares).data[WIDGET_VIEW_MIME]["model_id"]
    assert model == squares.box.model_id
    controls, area = squares.box.children
    assert controls.children == (squares.controls["n"],)
    assert area is squares.view_widget


@pytest.mark.usefixtures("_shell")
def test_a_figure_has_its_alt_text_live_and_still():
    line = Line()
    line.controls["n"].value = 7
    output = shown(line)
    assert output.metadata["image/png"]["alt"] == 'a line up to "7"'
    assert 'alt="a line up to &quot;7&quot;"' in line.view_widget.value
    assert output.data["image/png"] in line.view_widget.value
    assert "text/html" not in output.data


def test_an_exception_reaches_whoever_moved_the_control_and_shows():
    squares = Squares()
    with pytest.raises(RuntimeError, match="four <is> too many"):
        squares.controls["n"].value = 4
    assert "This view failed" in squares.view_widget.value
    assert "four &lt;is&gt; too many" in squares.view_widget.value
    squares.controls["n"].value = 5
    assert squares.view_widget.value == "<p>25</p>"


PNG_FACTS = {"alt": "a dot", "width": 1, "height": 1}
PICTURE = ({"image/png": "AAAA", "text/plain": "a dot"}, {"image/png": PNG_FACTS})


def test_a_picture_has_its_table_under_it():
    table = Table("losses", ("learner", "loss"), [("MAML", "0.1"), ("a < b", "2")])
    view = picture_view(PICTURE, table, note="6 > 5")
    picture, note, rest = (view.html.index(each) for each in ("<img", "<p>6 &gt; 5</p>", "<table>"))
    assert picture < note < rest
    assert "a &lt; b" in view.html
    assert view.data == PICTURE[0]


def test_a_picture_may_go_without_a_note():
    assert "<p>" not in picture_view(PICTURE, Table("t", ("a",), [("1",)])).html
