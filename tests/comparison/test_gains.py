"""A lead is the difference of the two that speak for their kinds, under the condition it names."""

import itertools

import pandas as pd
import pytest

from metalearn_lab.comparison.gains import at_first, gains_by_condition
from metalearn_lab.comparison.world import ENCODER, NGRAMS, TF_IDF

VALIDATION = {
    "ridge": 70,
    "nearest_class_mean": 60,
    "maml": 80,
    "proto_net": 75,
    "fine_tuning": 72,
    "whitened_mean": 71,
}
SPLITS = (0.0, 1.0, -1.0)


def rows(representation, ways, shots, classes, **accuracies):
    """Three splits that shift all methods alike, so that a difference has no half-width."""
    counts = {"ways": ways, "shots": shots, "train_classes": classes}
    for (method, mean), (split, shift) in itertools.product(accuracies.items(), enumerate(SPLITS)):
        yield counts | {
            "representation": representation,
            "method": method,
            "split": split,
            "accuracy": mean + shift,
            "validation_accuracy": VALIDATION[method],
        }


@pytest.fixture
def table():
    return pd.DataFrame(
        [
            *rows(ENCODER, 5, 1, 40, maml=50, proto_net=90, ridge=48, whitened_mean=47),
            *rows(ENCODER, 5, 1, 40, nearest_class_mean=95, fine_tuning=44),
            *rows(ENCODER, 5, 1, 10, maml=41, ridge=48, fine_tuning=44),
            *rows(ENCODER, 5, 5, 40, maml=70, ridge=69, fine_tuning=71),
            *rows(ENCODER, 20, 1, 40, proto_net=30, ridge=20, fine_tuning=25),
            *rows(NGRAMS, 5, 1, 40, maml=33, fine_tuning=31),
            *rows(TF_IDF, 5, 1, 40, ridge=39),
        ]
    )


def leads(table, less, domains=None):
    found = gains_by_condition({"a set": table}, {} if domains is None else {"a set": domains})
    part = found[found.less == less]
    assert (part.splits == 3).all()
    assert part.half_width.abs().max() < 1e-6
    return {(row.panel, row.x): round(row["mean"], 6) for _, row in part.iterrows()}


def test_the_best_on_validation_classes_speak_whatever_they_reach_on_test_classes(table):
    found = leads(table, "untrained")
    assert found["shots", 1] == 50 - 48  # not ProtoNet's 90, nor the class mean's 95


def test_each_condition_is_varied_alone(table):
    assert leads(table, "joint") == {
        ("shots", 1): 6,
        ("shots", 5): -1,
        ("ways", 5): 6,
        ("ways", 20): 5,
        ("training classes", 10): -3,
        ("training classes", 40): 6,
        ("accuracy of the best untrained (%)", 39): 2,
        ("accuracy of the best untrained (%)", 48): 6,
    }


def test_a_trained_encoder_is_compared_with_counts_of_ngrams(table):
    assert leads(table, "untrained")["accuracy of the best untrained (%)", 39] == 33 - 39


def test_it_is_compared_on_the_splits_that_it_was_trained_on(table):
    more = table[table.representation == TF_IDF].assign(split=9, accuracy=1000)
    found = leads(pd.concat([table, more]), "untrained")
    assert found["accuracy of the best untrained (%)", 39] == 33 - 39


def test_other_domains_stand_beside_random_classes(table):
    domains = pd.DataFrame(rows(ENCODER, 5, 1, 20, maml=10, ridge=13, fine_tuning=12))
    found = leads(table, "untrained", domains)
    assert (found["test classes", "random"], found["test classes", "other domains"]) == (2, -3)


def test_the_first_rows_are_one_shot_with_all_training_classes(table):
    first = at_first(table)
    assert set(first.representation) == {ENCODER, NGRAMS, TF_IDF}
    assert set(zip(first.ways, first.shots, first.train_classes, strict=True)) == {(5, 1, 40)}
