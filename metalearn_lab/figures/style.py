"""One look for every figure: each learner has its own colour, line style and marker everywhere."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from zlib import crc32

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from metalearn_lab.comparison.methods import METHODS
from metalearn_lab.learners.hypernetwork import Hypernetwork
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.neural_process import NeuralProcess
from metalearn_lab.learners.prior_fitted import PriorFitted

INK = "#1a1a1a"
"""Text, axes and what is given rather than learned."""

GREY = "#6b6b6b"
"""Reference lines, such as chance."""


# The colours are those of Okabe and Ito, as far as they stand out on white (3:1); the others were
# found by tests/figures/find_line.py: under simulated colour blindness of each kind every two stay
# well apart.
STYLES: dict[str, Line] = {
    **{name: method.line for name, method in METHODS.items()},
    "converged_probe": Line("#004824", (0, (5, 1, 2, 5, 1, 5)), "o"),
    "hypernetwork": Hypernetwork.line,
    "joint": Line("#000000", (0, (10, 3)), "P"),
    "last_layers": Line("#5a2da5", (0, (4, 1, 1, 1)), "<"),
    "lora": Line("#784b00", (0, (2, 1)), ">"),
    "neural_process": NeuralProcess.line,
    "prior_fitted": PriorFitted.line,
}
"""One style a learner, by the names of the comparison and of the other chapters."""

LABELS: dict[str, str] = {
    **{name: method.title for name, method in METHODS.items()},
    "joint": "pretraining",
    "converged_probe": "converged probe",
    "last_layers": "pretrain + last layers",
    "hypernetwork": Hypernetwork.title,
    "lora": "pretrain + LoRA",
    "neural_process": NeuralProcess.title,
    "prior_fitted": PriorFitted.title,
}
"""What a learner is called in a legend or a table."""

NEUTRAL_LINES = ("-", (0, (7, 4)), (0, (2, 4)), (0, (7, 3, 2, 3)))
"""Dashes of learners that have no style here: ink, with a small dot for a marker."""


def style_of(name: str) -> Line:
    """How a learner is drawn; one without a style by a neutral line, the same each time.

    Args:
        name: what sets a training of the learner apart may follow: ``"reptile, k = 10"``.
    """
    learner = name.partition(", ")[0]
    neutral = Line(INK, NEUTRAL_LINES[crc32(learner.encode()) % len(NEUTRAL_LINES)], ".")
    return STYLES.get(learner, neutral)


def label_of(name: str) -> str:
    """What a learner is called; one that has no title here by the name it was given.

    Args:
        name: what sets a training of the learner apart may follow, and then follows here too.
    """
    learner, comma, training = name.partition(", ")
    return LABELS.get(learner, learner) + comma + training


_HOUSE: Any = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so figures look alike everywhere
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.handlelength": 3.2,  # long enough to show a dash pattern
    "lines.linewidth": 2.0,
    "lines.markersize": 5.5,
}
_SCREEN_DPI = 80

SHARP_DPI = 128
"""Pixels of a picture for each inch of its figure: sharp where a screen has more than 80."""


def line(name: str) -> dict[str, Any]:
    """Arguments for ``Axes.plot`` that draw a learner in its style, with its label."""
    return {**style_of(name)._asdict(), "label": label_of(name)}


def lines_of(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The same for many; second and later trainings of a learner thin, with open markers.

    Args:
        names: of learners; what sets a training apart may follow: ``"reptile, k = 10"``.
    """
    lines: dict[str, dict[str, Any]] = {}
    drawn: set[str] = set()
    for name in names:
        learner = name.partition(", ")[0]
        thin = {"linewidth": 1.0, "markerfacecolor": "white"} if learner in drawn else {}
        lines[name] = line(name) | thin
        drawn.add(learner)
    return lines


def draw_band(
    axes: Axes, x: Sequence[float], mean: Any, half_width: Any, color: str, alpha: float = 0.18
) -> Artist:
    """Shade an interval.

    Args:
        axes: to draw on.
        x: where the interval is known.
        mean: of the interval at each place: numbers, an array or a tensor on the CPU.
        half_width: the same.
        color: of the band.
        alpha: its opacity.
    """
    mean, half_width = np.asarray(mean), np.asarray(half_width)
    low, high = mean - half_width, mean + half_width
    return axes.fill_between(x, low, high, color=color, alpha=alpha, linewidth=0)


@contextmanager
def house_style() -> Iterator[None]:
    """Figures made or drawn inside have the one look; nothing global is left changed.

    It can stand over a function too, whose figures then have the look.
    """
    with rc_context(_HOUSE):
        yield


def new_figure(
    panels: int = 1,
    columns: int | None = None,
    *,
    width: float = 7.0,
    height: float = 3.6,
    **layout: Any,
) -> tuple[Figure, list[Axes]]:
    """An empty figure and its panels, to be filled inside ``house_style``.

    It is not registered with pyplot, so no notebook shows it twice and nothing needs closing.
    Places of the last row that no panel takes are hidden, and the panels above them show their
    own numbers.

    Args:
        panels: how many axes.
        columns: most panels in a row; one row of all when not given.
        width: of the figure, in inches.
        height: of the figure, in inches.
        **layout: such as shared axes, as ``Figure.subplots`` takes it.
    """
    columns = columns or panels
    figure = Figure(figsize=(width, height), dpi=_SCREEN_DPI, layout="constrained")
    grid = figure.subplots(math.ceil(panels / columns), columns, squeeze=False, **layout).flat
    for empty in range(panels, len(grid)):
        grid[empty].set_visible(False)
        grid[empty - columns].xaxis.set_tick_params(labelbottom=True)
    return figure, list(grid[:panels])


def png_bundle(figure: Figure, alt: str) -> tuple[dict[str, str], dict[str, Any]]:
    """A figure as a MIME bundle and its metadata; the text form is the alternative text.

    Args:
        figure: any matplotlib figure.
        alt: what the figure shows, for a reader who cannot see it.

    Raises:
        ValueError: no alternative text.
    """
    before = figure.dpi
    figure.set_dpi(SHARP_DPI)
    try:
        with house_style():
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
        return bundle_of_pixels(canvas, alt)
    finally:
        figure.set_dpi(before)


def bundle_of_pixels(canvas: FigureCanvasAgg, alt: str) -> tuple[dict[str, str], dict[str, Any]]:
    """What is drawn on a canvas of ``SHARP_DPI`` as a MIME bundle and its metadata.

    The picture has a palette of 256 colours: a third of the bytes, in half the time.

    Raises:
        ValueError: no alternative text.
    """
    if not alt.strip():
        raise ValueError("a figure needs alt text: say in one sentence what it shows")
    size = canvas.get_width_height(physical=True)
    pixels = Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    png = BytesIO()
    few = pixels.convert("RGB").quantize(256, method=Image.Quantize.FASTOCTREE)
    few.save(png, format="png", compress_level=4)
    width, height = (round(pixel * _SCREEN_DPI / SHARP_DPI) for pixel in size)
    data = {"image/png": b64encode(png.getvalue()).decode(), "text/plain": alt}
    return data, {"image/png": {"alt": alt, "width": width, "height": height}}


def show_figure(figure: Figure, alt: str) -> None:
    """Show a figure in the notebook with its alternative text, then close it.

    Args:
        figure: any matplotlib figure.
        alt: what the figure shows, for a reader who cannot see it.

    Raises:
        ValueError: no alternative text.
    """
    from IPython.display import display
    from matplotlib import pyplot

    data, metadata = png_bundle(figure, alt)
    display(data, metadata=metadata, raw=True)
    pyplot.close(figure)
