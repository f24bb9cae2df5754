"""Wrong labels, steps, reference and episode are chosen: numbers and marks follow."""

import re

import pytest
import torch

from metalearn_lab.comparison.wrong_labels import by_class_means, with_wrong_labels
from metalearn_lab.explorers.wrong_labels_explorer import WrongLabelsExplorer
from metalearn_lab.figures.drawing import Curve, Dot
from tests.explorers.small_explorers import wrong_labels_explorer


def table(explorer):
    rows = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return {n: v for n, *v in (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows)}


def put(explorer, **values):
    for name, value in values.items():
        explorer.controls[name].value = value


def marks(explorer, kind, panel, label=None):
    every = [m for m in explorer.drawing.marks if isinstance(m, kind) and m.panel == panel]
    return [m for m in every if label is None or m.label == label]


@pytest.mark.parametrize("wrong", [0, 2, 4])
@pytest.mark.parametrize("steps", [1, 5])
def test_the_table_and_the_dots_are_the_accuracies(wrong, steps):
    explorer = wrong_labels_explorer()
    put(explorer, wrong=wrong, steps=steps, reference="ridge")
    shown = table(explorer)
    assert list(shown) == ["class means", "nearest neighbour", "ridge", "MAML"]
    dots = {dot.color: dot for dot in marks(explorer, Dot, 0)}
    for name, by_steps in explorer.accuracy.items():
        values = 100 * by_steps[steps if name == "MAML" else 0]
        assert float(shown[name][0].split(" ± ")[0]) == pytest.approx(
            values[wrong].mean().item(), abs=0.06
        )
        [curve] = marks(explorer, Curve, 0, name)
        torch.testing.assert_close(torch.as_tensor(curve.y), values.mean(1))
        assert dots[curve.color].x == wrong
        assert dots[curve.color].y == pytest.approx(values[wrong].mean().item(), abs=1e-4)
    assert shown["ridge"][1] == "–"


@pytest.mark.parametrize("episode", [1, 6])
def test_the_drawn_episode_is_judged_by_its_wrong_labels(episode):
    explorer = wrong_labels_explorer()
    put(explorer, wrong=2, episode=episode)
    noisy = with_wrong_labels(explorer.tasks, 3, 2, 0)
    right = (by_class_means(noisy, 3) == noisy.query.y)[episode - 1].sum().item()
    said = f"class means answer {right} of 15 questions rightly"
    assert said in explorer.current_view.data["text/plain"]
    [crosses] = marks(explorer, Curve, 1, "wrong label")
    assert len(crosses.x) == 3 * 2 * 6
    by_size = [dot for dot in marks(explorer, Dot, 1) if dot.size == 7]
    assert len(by_size) == 12
    put(explorer, wrong=0)
    assert not marks(explorer, Curve, 1, "wrong label")


def test_what_cannot_be_drawn_is_refused():
    explorer = wrong_labels_explorer()
    with pytest.raises(ValueError, match="at most 4 classifiers"):
        WrongLabelsExplorer(explorer.accuracy, explorer.tasks, ways=6, seed=0)
