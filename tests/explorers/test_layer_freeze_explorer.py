"""The bars and the table are the study of the layers that are ticked."""

import re

import pytest

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.experiments.layer_freeze import freeze_study
from metalearn_lab.explorers.layer_freeze_explorer import LayerFreezeExplorer
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.maml import MAML
from tests.learners.builders import sinusoid_learner, sinusoids, text_learner, text_tasks

LAYERS = ("layer_1", "layer_2", "head")


@pytest.fixture(scope="module")
def studies():
    return {
        "sinusoids": freeze_study(sinusoid_learner(MAML), sinusoids(8), 4),
        "sentences": freeze_study(text_learner(FirstOrderMAML), text_tasks(8), 4),
        "too fast": freeze_study(sinusoid_learner(MAML, inner_lr=10.0), sinusoids(8), 4),
    }


@pytest.fixture
def explorer(studies):
    styles = {"sinusoids": "maml", "sentences": "first_order_maml", "too fast": "body_only"}
    return LayerFreezeExplorer(studies, styles)


def rows(explorer):
    found = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]


def tick(explorer, *moves):
    for name, moved in zip(LAYERS, moves, strict=True):
        explorer.controls[name].value = moved


def written(interval, place):
    return f"{interval.mean[place]:.2f} ± {interval.half_width[place]:.2f}"


def test_it_starts_with_the_head_moving_alone_at_the_last_step(explorer):
    assert [row[:2] for row in rows(explorer)] == [
        ["layer 1", "frozen"],
        ["layer 2", "frozen"],
        ["head", "moves"],
    ]
    assert explorer.controls["step"].value == 4


@pytest.mark.parametrize("moves", [(False, False, True), (True, False, False), (False,) * 3])
@pytest.mark.parametrize("step", [1, 4])
def test_the_table_is_the_study_of_the_ticked_layers(explorer, studies, moves, step):
    explorer.controls["step"].value = step
    tick(explorer, *moves)
    adapted = studies["sinusoids"].adapted[moves]
    similarity = interval_over_tasks(adapted.similarity[:, step])
    assert rows(explorer) == [
        [name.replace("_", " "), "moves" if moved else "frozen", written(similarity, place)]
        for place, (name, moved) in enumerate(zip(LAYERS, moves, strict=True))
    ]
    caption = re.search(r"<caption[^>]*>(.*?)</caption>", explorer.view_widget.value)[1]
    loss = adapted.curves.mean_loss
    everything = studies["sinusoids"].adapted[(True,) * 3].curves.mean_loss
    assert f"query loss {written(loss, 0)} before and {written(loss, step)} after" in caption
    assert f"{written(everything, step)} with all layers moving" in caption


def test_frozen_below_means_similarity_one(explorer):
    tick(explorer, False, False, True)
    assert [row[2] for row in rows(explorer)][:2] == ["1.00 ± 0.00"] * 2
    assert not rows(explorer)[2][2].startswith("1.00")


def test_the_bars_are_as_long_as_the_similarities(explorer, studies):
    tick(explorer, True, False, True)
    bars, curves = explorer.scenes["sinusoids"].frame.axes
    adapted = studies["sinusoids"].adapted[(True, False, True)]
    wanted = adapted.similarity[:, 4].mean(0).tolist()
    assert [patch.get_width() for patch in bars.patches] == pytest.approx(wanted)
    assert [patch.get_hatch() for patch in bars.patches] == [None, "///", None]
    lines = {line.get_label(): line for line in curves.get_lines() if len(line.get_xdata()) == 5}
    chosen = lines["the layers that you let move"].get_ydata()
    assert chosen == pytest.approx(adapted.curves.mean_loss.mean.numpy())


def test_sentences_are_scored_by_accuracy(explorer):
    explorer.controls["learner"].value = "sentences"
    alt = explorer.current_view.metadata["image/png"]["alt"]
    assert alt.startswith("sentences: query accuracy")
    assert "head (moves)" in alt


def test_what_diverges_is_said_to(explorer):
    explorer.controls["learner"].value = "too fast"
    assert "diverged after 4 steps" in explorer.view_widget.value


def test_every_setting_has_its_own_picture(explorer):
    pictures = set()
    for moves in [(True,) * 3, (False, True, True), (False, False, True), (False,) * 3]:
        tick(explorer, *moves)
        pictures.add(explorer.current_view.data["image/png"])
    assert len(pictures) == 4


def test_studies_of_other_layers_or_without_a_style_are_refused(studies):
    for style in ({}, {"other": "maml"}):
        with pytest.raises(ValueError, match="one study and one style"):
            LayerFreezeExplorer({"sinusoids": studies["sinusoids"]}, style)
    with pytest.raises(ValueError, match="one study and one style"):
        LayerFreezeExplorer({}, {})


@pytest.mark.parametrize(
    ("moves", "says"),
    [
        ((True,) * 3, "all layers move"),
        ((False,) * 3, "nothing moves"),
        ((False, False, True), "only head"),
        ((True, False, True), "all but layer 2"),
    ],
)
def test_the_title_says_what_is_set(explorer, moves, says):
    tick(explorer, *moves)
    explorer.controls["step"].value = 1
    bars, _ = explorer.scenes["sinusoids"].frame.axes
    assert f"sinusoids: {says}, 1 step" in [text.get_text() for text in bars.texts]
