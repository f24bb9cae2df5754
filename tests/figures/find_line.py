"""How colours are told apart, and which are free: ``python -m tests.figures.find_line``.

It prints the colours that stand farthest from those of all learners, and dashes and markers for
a new learner's ``Line``.
"""

import sys
from itertools import product

import numpy as np
from colorspacious import cspace_convert
from matplotlib.lines import Line2D

import metalearn_lab
from metalearn_lab.figures.style import NEUTRAL_LINES, STYLES
from metalearn_lab.learners.learner import Learner

EYES = (None, "deuteranomaly", "protanomaly", "tritanomaly")
"""Full colour vision, and each kind of colour blindness, complete."""

# In CAM02-UCS two colours a distance of 1 apart can just be told apart side by side; eight times
# that is clear for thin lines a finger's breadth apart.
CLEAR = 8.0
CONTRAST = 3.0
"""At least, against white."""

LINES = list(STYLES.values())


def every_learners_line():
    """By name, the line of each learner of the package, drawn in a chapter or not."""
    everything = {name: getattr(metalearn_lab, name) for name in metalearn_lab.__all__}
    return {
        name: each.line
        for name, each in everything.items()
        if isinstance(each, type) and issubclass(each, Learner) and each.line
    }


HINT = "`python -m tests.figures.find_line` prints colours, dashes and markers that are free"


def rgb_of(color):
    """Three numbers from 0 to 1, from #rrggbb."""
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def contrast_on_white(color):
    """The contrast ratio of WCAG 2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb_of(color)]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def as_seen(colors, eye):
    """Colours in sRGB, ``[colours, 3]``, as a reader with these eyes sees them."""
    rgb = np.array([rgb_of(color) for color in colors])
    if eye is None:
        return rgb
    space = {"name": "sRGB1+CVD", "cvd_type": eye, "severity": 100}
    return cspace_convert(rgb, space, "sRGB1").clip(0, 1)


def color_distances(colors, others, eyes=EYES):
    """``[colours, others]``: how far two colours are apart to the eye that tells them worst."""
    of_eyes = []
    for eye in eyes:
        one, other = (
            cspace_convert(as_seen(each, eye), "sRGB1", "CAM02-UCS") for each in (colors, others)
        )
        of_eyes.append(np.linalg.norm(one[:, None] - other, axis=-1))
    return np.min(of_eyes, axis=0)


def dash_distances(lines, others):
    """``[lines, others]``: on how much of a line one is drawn and the other is not, in per cent."""
    one, other = (np.array([drawn_places(dashes) for dashes in each]) for each in (lines, others))
    return 100 * (one[:, None] != other).mean(-1)


def drawn_places(linestyle):
    """Where a line is drawn, one place for each of 60 times its width."""
    dashes = (1, 0) if linestyle == "-" else linestyle[1]
    return np.resize(np.repeat(np.arange(len(dashes)) % 2 == 0, dashes), 60)


def farthest(candidates, taken, distances, least, count):
    """Candidates at least so far from what is taken and from one another, the farthest first."""
    nearest, found = distances(candidates, taken).min(1), {}
    while len(found) < count and nearest.max() >= least:
        best = int(nearest.argmax())
        found[candidates[best]] = float(nearest[best])
        nearest = np.minimum(nearest, distances(candidates, [candidates[best]])[:, 0])
    return found


def free_colors(count):
    """Colours that may be a new learner's, with their distance from the nearest other."""
    levels = [f"{level:02x}" for level in (*range(0, 256, 12), 255)]
    colors = [f"#{''.join(channels)}" for channels in product(levels, repeat=3)]
    colors = [color for color in colors if contrast_on_white(color) >= CONTRAST]
    return farthest(colors, [line.color for line in LINES], color_distances, CLEAR, count)


def free_dashes(count):
    """Dashes that may be a new learner's: drawn, gap, drawn, gap, … in line widths."""
    lines = [*LINES, *every_learners_line().values()]
    taken = [*NEUTRAL_LINES, *(line.linestyle for line in lines)]
    free = [(0, dashes) for parts in (2, 4, 6) for dashes in product((1, 2, 5, 9), repeat=parts)]
    return farthest(free, taken, dash_distances, 10, count)


def markers():
    """Filled ones, by how many learners have each; the rarest first."""
    filled = [marker for marker in Line2D.filled_markers if marker != "."]  # of no learner
    return sorted(filled, key=[line.marker for line in LINES].count)


if __name__ == "__main__":
    for color, distance in free_colors(5).items():
        sys.stdout.write(f"{color}  at least {distance:.1f} from every other line\n")
    for linestyle in free_dashes(5):
        sys.stdout.write(f"{linestyle}\n")
    sys.stdout.write(f"markers, the rarest first: {' '.join(markers())}\n")
