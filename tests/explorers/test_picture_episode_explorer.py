"""Each query stands in the row of the class that the reader gives it."""

import re

import pytest
import torch

from metalearn_lab.comparison.readers import means_reader
from metalearn_lab.explorers.picture_episode_explorer import PictureEpisodeExplorer
from metalearn_lab.tasks.types import Split
from tests.explorers.small_explorers import picture_episode_explorer


@pytest.fixture
def explorer():
    return picture_episode_explorer()


def rows(explorer):
    return re.findall(r'<tr><th scope="row">.*?</tr>', explorer.view_widget.value)


def test_every_query_is_put_somewhere(explorer):
    for reader in explorer.readers:
        explorer.controls["reader"].value = reader
        given = explorer.read(reader, 0, 1)
        assert len(rows(explorer)) == explorer.ways
        for label, row in enumerate(rows(explorer)):
            support, query = row.split("</td><td>")
            assert support.count("<img") == 1
            assert query.count("<img") == int((given == label).sum())


def test_a_wrong_query_has_a_frame(explorer):
    truth = explorer.tasks.query.y[0]
    reader = next(iter(explorer.readers))
    wrong = int((explorer.read(reader, 0, 1) != truth).sum())
    assert explorer.view_widget.value.count("put wrongly") == wrong


def test_a_reader_sees_the_first_k_of_each_class(explorer):
    explorer.controls["shots"].value = 2
    task = explorer.tasks
    first = task.support.x[1:2, : 2 * explorer.ways]
    labels = task.support.y[1:2, : 2 * explorer.ways]
    scores = means_reader(Split(first, labels), task.query.x[1:2])
    torch.testing.assert_close(explorer.read("class means", 1, 2), scores[0].argmax(1))
    assert "K = 2" in explorer.view_widget.value


def test_what_cannot_be_shown_is_refused(explorer):
    with pytest.raises(ValueError, match="a reader or more"):
        PictureEpisodeExplorer(explorer.tasks, {}, ways=2, side=4)
    with pytest.raises(ValueError, match="no picture"):
        PictureEpisodeExplorer(explorer.tasks, explorer.readers, ways=2, side=5)
    with pytest.raises(ValueError, match="letters"):
        PictureEpisodeExplorer(explorer.tasks, explorer.readers, ways=27, side=4)
