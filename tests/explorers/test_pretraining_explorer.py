"""Methods, kinds, K and episodes are chosen: accuracies and places are those of the files."""

import re

import pandas as pd
import pytest
import torch

from metalearn_lab.explorers.pretraining_explorer import PretrainingExplorer
from metalearn_lab.figures.drawing import Curve, Dot
from tests.explorers.small_explorers import pretraining_explorer


def table(explorer):
    rows = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return {name: values for name, *values in cells}


def put(explorer, **values):
    for name, value in values.items():
        explorer.controls[name].value = value


def marks(explorer, kind, panel, label=None):
    every = [m for m in explorer.drawing.marks if isinstance(m, kind) and m.panel == panel]
    return [m for m in every if label is None or m.label == label]


@pytest.mark.parametrize("method", ["hidden words alone", "TF-IDF"])
@pytest.mark.parametrize(("kind", "shots"), [("intents", 1), ("intents", 5), ("next", 1)])
def test_accuracies_are_those_of_the_table(method, kind, shots):
    explorer = pretraining_explorer()
    put(explorer, method=method, kind=kind, shots=shots)
    first = {"hidden words alone": 40.0, "untrained": 47.0, "TF-IDF": 54.0}
    (chosen,) = marks(explorer, Curve, 0, method)
    assert list(chosen.y) == [first[method] + seed for seed in range(5)]
    shown = table(explorer)
    assert shown.keys() == {"untrained", "TF-IDF", method}
    assert next(iter(shown)) == method
    for name, (mean, more) in shown.items():
        assert float(mean.split(" ± ")[0]) == first[name] + 2
        assert more == f"{first[name] - 47:+.1f} ± 0.0"


@pytest.mark.parametrize("episode", [1, 3])
def test_the_episode_is_the_one_of_the_file(episode):
    explorer = pretraining_explorer()
    put(explorer, kind="intents", shots=5, episode=episode)
    picture = explorer.pictures["hidden words alone", "intents", 5]
    support, query = picture.support[episode - 1], picture.query[episode - 1]
    dots = marks(explorer, Dot, 1)
    for size, expected in ((7, support), (5, query)):
        drawn = sorted((dot.x, dot.y) for dot in dots if dot.size == size)
        torch.testing.assert_close(drawn, sorted(map(tuple, expected.tolist())))
    means = {dot.words: (dot.x, dot.y) for dot in dots if dot.words}
    for label in range(5):
        assert means[str(label + 1)] == pytest.approx(support[label::5].mean(0).tolist(), abs=1e-6)
    wrong = query[picture.answered[episode - 1] != torch.arange(25) % 5]
    right = f"{25 - len(wrong)} of 25 questions are right"
    assert right in explorer.current_view.data["text/plain"]
    (crosses,) = marks(explorer, Curve, 1)
    places = torch.tensor([crosses.x, crosses.y]).T.view(len(wrong), 6, 2)
    assert places.nanmean(1) == pytest.approx(wrong.numpy(), abs=1e-6)


def test_a_kind_with_one_example_says_so_and_a_missing_row_too():
    explorer = pretraining_explorer()
    put(explorer, shots=5, kind="next")
    assert "A task of this kind has K = 1 alone." in explorer.current_view.data["text/plain"]
    assert "The sentence encoder cannot read this kind." in explorer.current_view.html


def test_a_table_and_pictures_that_do_not_belong_together_are_refused():
    explorer = pretraining_explorer()
    rows = pd.DataFrame(
        [{"method": "other", "kind": "a", "shots": 1, "seed": 0, "class means": 1.0}]
    )
    with pytest.raises(ValueError, match="no picture is of a method"):
        PretrainingExplorer(rows, explorer.pictures)
