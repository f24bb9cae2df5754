"""The world of a comparison: one cut, clean episodes, the same rows for every method."""

import pytest
import torch

from metalearn_lab.comparison.world import make_world
from metalearn_lab.tasks.leaks import LeakError, assert_class_disjoint, assert_episode_is_clean
from metalearn_lab.tasks.sources import load_table
from metalearn_lab.tasks.table import LabelledTable


def test_parts_share_no_class_and_episodes_are_clean(world, table):
    assert_class_disjoint(world.classes)
    assert sum(map(len, world.classes)) == len(table.classes)
    for part in world.classes._fields:
        for index in range(20):
            episode = world.row_sampler(part).episode(index)
            assert_episode_is_clean(episode, table.groups)
            assert set(episode.classes.tolist()) <= set(getattr(world.classes, part))


def test_every_method_meets_the_same_rows(world):
    rows, ids = world.row_sampler("test").batch(0, 5), world.sampler("test").batch(0, 5)
    assert torch.equal(world.inputs[rows.query.x], ids.query.x)
    assert torch.equal(rows.query.y, ids.query.y)


def test_classes_too_small_for_such_episodes_are_left_out_by_name(table):
    few = LabelledTable(
        (*table.texts, "juggle this", "juggle that"),
        (*table.labels, 12, 12),
        (*table.classes, "zz juggle"),
        (*table.groups, 900, 901),
        "written for the tests",
        None,
    )
    world = make_world(few, ways=2, shots=2, queries=4)
    assert world.left_out == ("zz juggle",)
    assert all(12 not in part for part in world.classes)


def test_a_published_split_is_used_and_checked(table):
    names = table.classes
    published = {"train": names[:6], "validation": names[6:9], "test": names[9:]}
    good = LabelledTable(table.texts, table.labels, names, table.groups, "tests", published)
    assert make_world(good, ways=3).classes.test == (9, 10, 11)
    with pytest.raises(ValueError, match=r"split by the source itself, .* split_seed=0"):
        make_world(good, ways=3, split_seed=1)
    no_validation = LabelledTable(
        table.texts,
        table.labels,
        names,
        table.groups,
        "tests",
        {"train": names[:8], "test": names[8:]},
    )
    cut = make_world(no_validation, ways=3).classes
    assert (len(cut.train), len(cut.validation), cut.test) == (6, 2, (8, 9, 10, 11))
    overlapping = published | {"test": names[8:]}
    bad = LabelledTable(table.texts, table.labels, names, table.groups, "tests", overlapping)
    with pytest.raises(LeakError, match="in both validation and test"):
        make_world(bad, ways=3)


def test_more_ways_than_classes_is_an_error_that_counts_them(world, table):
    with pytest.raises(ValueError, match=r"10-way .*need 10 classes.* has 3"):
        make_world(table, ways=10).sampler("test")


def test_real_sets_in_the_hubs_schema_make_worlds(shared_data):
    """Sets with no class-disjoint split of their own are pooled and cut."""
    for name, exclude in (("clinc150", ("oos",)), ("banking77", ())):
        table = load_table("files", path=shared_data / name, exclude=exclude)
        world = make_world(table, shots=5, queries=5)
        assert world.left_out == ()
        assert world.sampler("test").batch(0, 2).query.x.shape[:2] == (2, 25)
