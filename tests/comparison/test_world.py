"""The world of a comparison: one cut, clean episodes, the same rows for every method."""

from dataclasses import replace

import pytest
import torch

from metalearn_lab.comparison.world import (
    BUCKETS,
    ENCODER,
    NGRAMS,
    REPRESENTATIONS,
    TF_IDF,
    make_world,
    make_worlds,
)
from metalearn_lab.tasks.class_splits import ClassSplit, split_with_one_validation
from metalearn_lab.tasks.leaks import LeakError, assert_class_disjoint, assert_episode_is_clean
from metalearn_lab.tasks.sources import load_table
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.text_features import hashed_ngrams


def test_parts_share_no_class_and_episodes_are_clean(world, table):
    assert_class_disjoint(world.classes)
    assert sum(map(len, world.classes)) == len(table.classes)
    for part in world.classes._fields:
        for index in range(20):
            episode = world.row_sampler(part).episode(index)
            assert_episode_is_clean(episode, table.groups)
            assert set(episode.classes.tolist()) <= set(getattr(world.classes, part))


@pytest.mark.parametrize("representation", REPRESENTATIONS)
def test_every_method_meets_the_same_rows(represented, representation):
    """Whatever stands for a sentence, the episodes at one address are the same sentences."""
    own, world = represented[representation], represented[NGRAMS]
    rows = world.row_sampler("test").batch(0, 5)
    for found, row in zip(own.sampler("test").batch(0, 5), rows, strict=True):
        assert torch.equal(found.x, own.inputs[row.x])
        assert torch.equal(found.y, row.y)


def test_a_sentence_is_its_ngrams_its_row_or_its_vector(represented, table):
    ids = hashed_ngrams(table.texts, buckets=BUCKETS)
    assert torch.equal(represented[NGRAMS].inputs, ids)
    assert torch.equal(represented[TF_IDF].inputs, torch.arange(len(table)))
    vectors = represented[ENCODER].inputs
    assert vectors.shape == (len(table), 24)
    backwards = make_world(replace(table, texts=table.texts[::-1]), ways=2, representation=ENCODER)
    assert torch.equal(backwards.inputs, vectors.flip(0))


def test_another_representation_is_refused(table):
    with pytest.raises(ValueError, match="no representation 'words': use one of n-grams, TF-IDF, "):
        make_world(table, representation="words")


def test_another_seed_of_training_sees_other_episodes_of_the_same_classes(world):
    one, other = (world.sampler("train", seed=seed) for seed in (0, 1))
    assert one.classes == other.classes == world.classes.train
    assert not torch.equal(one.batch(0, 2).query.x, other.batch(0, 2).query.x)


def test_a_split_of_ones_own_is_used_and_checked(table):
    mine = ClassSplit((0, 1, 2, 3), (4, 5), (6, 7, 8))
    worlds = [make_world(table, ways=2, classes=mine, split_seed=seed) for seed in (0, 1)]
    assert worlds[0].classes == worlds[1].classes == mine
    episodes = [each.row_sampler("test").batch(0, 3).query.x for each in worlds]
    assert not torch.equal(*episodes)
    with pytest.raises(LeakError, match="in both validation and test"):
        make_world(table, ways=2, classes=ClassSplit((0, 1), (4, 5), (5, 6)))


def test_worlds_share_their_validation_classes_and_all_else_that_is_asked_for(table):
    settings = {"ways": 2, "shots": 3, "queries": 2, "representation": TF_IDF}
    worlds = make_worlds(table, 3, **settings)
    for seed, each in enumerate(worlds):
        assert each.classes == split_with_one_validation(table, seed=seed)
        assert each.split_seed == seed
        assert settings == {name: getattr(each, name) for name in settings}
    assert len({each.classes for each in worlds}) == 3
    fewer = make_worlds(table, 3, most_train=4, **settings)
    assert [len(each.classes.train) for each in fewer] == [4, 4, 4]
    assert [each.classes.test for each in fewer] == [each.classes.test for each in worlds]


def test_of_a_published_split_there_is_one_world(table):
    names = table.classes
    published = {"train": names[:6], "validation": names[6:9], "test": names[9:]}
    good = replace(table, published_split=published)
    [world] = make_worlds(good, 1, ways=3)
    assert world.classes.test == (9, 10, 11)
    with pytest.raises(ValueError, match="split by the source itself, so there is 1 split, not 3"):
        make_worlds(good, 3, ways=3)


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
