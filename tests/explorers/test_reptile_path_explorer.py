"""The table and the path follow every control, as the closed forms say."""

import re
from html import escape

import pytest
import torch

from metalearn_lab.explorers.reptile_path_explorer import (
    OUTER_STEPS,
    PRETRAINED,
    ReptilePathExplorer,
)
from metalearn_lab.figures.reptile_path import ReptilePath, inside, reptile_path_scene
from metalearn_lab.tasks.planar_quadratics import planar_quadratics

BOWLS = planar_quadratics(
    [(9, 0.6), (7, 0.5), (1.5, 1.5)], [20, 110, 0], [(-2, -1), (2, 0.4), (0, 2)]
)


@pytest.fixture
def explorer():
    return ReptilePathExplorer(BOWLS)


def rows(explorer):
    """Cells of the table by row header."""
    found = re.findall(r"<tr>(.*?)</tr>", explorer.current_view.html)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found[1:]]
    return {header: [float(cell) for cell in rest] for header, *rest in cells}


def set_all(explorer, **values):
    for name, value in values.items():
        explorer.controls[name].value = value
    return rows(explorer)


def test_one_step_stays_at_the_optimum_of_pretraining_and_more_leave_it(explorer):
    joint = BOWLS.stationary_point("joint", inner_lr=0.1, inner_steps=1)
    table = set_all(explorer, k=1)
    assert table["optimum of pretraining"][:3] == [*(round(x, 2) for x in joint.tolist()), 0]
    assert table["where Reptile settles"] == table["optimum of pretraining"]
    torch.testing.assert_close(explorer.path, joint.expand(OUTER_STEPS + 1, 2))
    distances = [set_all(explorer, k=k)["where Reptile settles"][2] for k in (2, 5, 20)]
    assert 0 < distances[0] < distances[1] < distances[2]


def test_its_point_is_worse_before_adaptation_and_better_after(explorer):
    table = set_all(explorer, k=10)
    joint, reptile = table["optimum of pretraining"], table["where Reptile settles"]
    assert joint[3] < reptile[3]
    assert joint[4] > reptile[4]


def test_it_opens_where_reptile_leaves_pretraining_and_stops_before_the_plain_mean(explorer):
    table = rows(explorer)
    assert explorer.controls["start"].value == PRETRAINED
    assert table["where Reptile settles"][:2] == [-0.53, 0.32]
    far = BOWLS.centres.mean(0) - torch.tensor([-0.53, 0.32])
    assert far.norm() > 0.5


def test_the_start_and_a_smaller_outer_step(explorer):
    set_all(explorer, k=5, start="upper left")
    assert explorer.path[0].tolist() == [-2.6, 2.4]
    first = (explorer.path[1] - explorer.path[0]).norm()
    set_all(explorer, epsilon=0.15)
    torch.testing.assert_close((explorer.path[1] - explorer.path[0]).norm(), first / 2)


def test_the_meta_batch_matters_only_where_1_over_n_is_forgotten(explorer):
    set_all(explorer, k=5, start="lower right", n=3)
    three = explorer.path
    set_all(explorer, n=6)
    torch.testing.assert_close(explorer.path, three)
    set_all(explorer, n=1)
    assert not torch.allclose(explorer.path, three)
    set_all(explorer, n=6, epsilon=1.0, forget=True)
    assert not inside(explorer.path[-1])
    alt = explorer.current_view.metadata["image/png"]["alt"]
    assert "1/n forgotten" in alt
    assert "leaves the picture at outer step 1." in alt


def test_the_picture_says_what_the_table_says(explorer):
    set_all(explorer, k=10)
    alt = explorer.current_view.metadata["image/png"]["alt"]
    distance = rows(explorer)["where Reptile settles"][2]
    assert f"Reptile settles {distance:.2f} from the optimum of pretraining" in alt
    assert escape(alt) in explorer.current_view.html


def test_the_path_that_is_drawn_is_the_one_given():
    joint = BOWLS.stationary_point("joint", inner_lr=0.1, inner_steps=1)
    scene = reptile_path_scene(BOWLS, joint)
    given = torch.tensor([[0.0, 0.0], [1.0, 0.5], [float("inf"), 1e9]]).double()
    [axes] = scene.figure(ReptilePath(given, joint, "k = 1")).axes
    assert axes.texts[-1].get_text().endswith(": k = 1")
    drawn = axes.get_lines()[-3].get_xydata()
    assert drawn[:2].tolist() == given[:2].tolist()
    assert (abs(drawn) <= 1e4).all()
    edges = (axes.get_xlim(), axes.get_ylim())
    [axes] = scene.figure(ReptilePath(given[:2], joint, "k = 1")).axes
    assert (axes.get_xlim(), axes.get_ylim()) == edges


def test_only_the_first_outer_steps_are_joined_by_a_line():
    joint = BOWLS.stationary_point("joint", inner_lr=0.1, inner_steps=1)
    given = torch.linspace(-1, 1, 61).double()[:, None].expand(61, 2)
    [axes] = reptile_path_scene(BOWLS, joint).figure(ReptilePath(given, joint, "n = 1")).axes
    later, joined = axes.get_lines()[-4:-2]
    assert joined.get_xydata().tolist() == given[:11].tolist()
    assert later.get_xydata().tolist() == given[10:].tolist()
    assert (later.get_linestyle(), joined.get_linestyle()) == ("None", "-")
