"""The adaptation explorer shows what the learner predicts, and training is never part of it."""

import re

import pytest
import torch

from metalearn_lab.comparison.methods import METHODS, Budget, Rates, build
from metalearn_lab.comparison.world import make_world
from metalearn_lab.explorers.adaptation_explorer import AdaptationExplorer
from metalearn_lab.tasks.sources import load_table
from tests.explorers.model_runs import model_runs

STEPS = 6


@pytest.fixture(scope="module")
def world():
    return make_world(load_table("embedded"), ways=3, shots=1, queries=2)


@pytest.fixture
def explorer(world):
    learners = {n: build(n, world, Rates(2.0, 1e-3), Budget(), 0) for n in ("maml", "reptile")}
    return AdaptationExplorer(world, learners, steps=STEPS, episodes=20)


def predicted(explorer):
    """Predicted classes by query sentence, read off the page."""
    rows = re.findall(
        r'<th scope="row" style="[^"]*normal">(.*?)</th><td[^>]*>(.*?)</td>',
        explorer.view_widget.value,
    )
    return dict(rows)


def test_the_page_shows_the_classes_the_learner_predicts_at_every_step(explorer, world):
    episode = world.sampler("test").episode(3)
    explorer.controls["episode"].value = 3
    learner = explorer.learners["maml"]
    split = type(episode.task.support)(episode.task.support.x[None], episode.task.support.y[None])
    trajectory = learner.adapt(split, STEPS)
    for step in range(STEPS + 1):
        explorer.controls["step"].value = step
        scores = learner.predict(trajectory[step], episode.task.query.x[None])[0]
        names = [world.table.classes[episode.classes[c]] for c in scores.argmax(-1)]
        texts = [world.table.texts[row] for row in episode.query_rows]
        shown = predicted(explorer)
        assert {
            text.replace("'", "&#x27;"): name for text, name in zip(texts, names, strict=True)
        } == shown


def test_every_method_of_the_list_and_one_of_ones_own_can_be_shown(world):
    here = {n: m for n, m in METHODS.items() if world.representation in m.representations}
    trained = [name for name, method in here.items() if method.build]
    learners = {name: build(name, world, Rates(2.0, 1e-3), Budget(), 0) for name in trained}
    learners["mine"] = learners["maml"]
    explorer = AdaptationExplorer(world, learners, steps=2, episodes=3)
    for name in learners:
        explorer.controls["learner"].value = name
        title = METHODS[name].title if name in METHODS else "mine"
        assert f"{title}, unseen episode 0, after 0 of 2" in explorer.view_widget.value
        assert len(predicted(explorer)) == 6


def test_each_control_changes_the_page(explorer):
    explorer.controls["step"].value = STEPS
    for name, value in (("episode", 5), ("step", 2), ("learner", "reptile")):
        before = explorer.view_widget.value
        explorer.controls[name].value = value
        assert explorer.view_widget.value != before, name


def test_a_changed_class_is_marked_with_what_it_was(explorer):
    explorer.controls["step"].value = 0
    start = predicted(explorer)
    explorer.controls["step"].value = 1
    changed = [text for text, name in predicted(explorer).items() if name != start[text]]
    assert changed
    assert explorer.view_widget.value.count("↻ was") == len(changed)


def test_moving_a_control_never_trains(explorer):
    before = {n: p.detach().clone() for n, p in explorer.learners["maml"].named_parameters()}
    with model_runs(explorer.learners["maml"].model) as runs:
        for step in range(STEPS + 1):
            explorer.controls["step"].value = step
        assert runs == [], "one adaptation, then only indexing"
    after = dict(explorer.learners["maml"].named_parameters())
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_page_says_the_same_in_words(explorer):
    data, _ = explorer.bundle()
    explorer.controls["step"].value = STEPS
    text = explorer.current_view.data["text/plain"]
    right = int(re.search(r"(\d+) of 6 query sentences right", text)[1])
    assert explorer.view_widget.value.count("✓ right") == right
    assert text.startswith(f"MAML, unseen episode 0, after {STEPS} of {STEPS} inner steps")
    assert set(data) == {"text/html", "text/plain", "application/vnd.jupyter.widget-view+json"}


def test_no_learners_is_an_error(world):
    with pytest.raises(ValueError, match="no learners to explore"):
        AdaptationExplorer(world, {}, steps=3)
