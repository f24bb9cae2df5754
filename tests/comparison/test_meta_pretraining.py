"""Every method trains the encoder on its kinds of tasks, and no class is on both sides."""

import pandas as pd
import pytest
import torch

from metalearn_lab.comparison.meta_pretraining import (
    AUTHORS,
    BUCKETS,
    DOCUMENTS,
    INTENTS,
    MATCHING,
    METHODS,
    NEXT,
    SAVED_META_PRETRAINING,
    SELF_SUPERVISED,
    WORDS,
    Kinds,
    Pretraining,
    UnitEncoder,
    fine_tuned,
    means_over_seeds,
    ngrams,
    seen_by,
    tf_idf,
)
from metalearn_lab.comparison.pretraining_pictures import load_pictures
from metalearn_lab.evaluation.frozen_class_means import frozen_class_means
from metalearn_lab.tasks.docstrings import HELD_OUT, TRAINING
from metalearn_lab.tasks.sentence_matches import Match, Matches
from metalearn_lab.tasks.table import Row, build_table


@pytest.fixture(scope="module")
def kinds():
    """Classes of a few sentences, which share words of their class."""
    tables = {
        kind: build_table(
            [
                Row(f"{kind} {chr(97 + c) * 4} {chr(97 + c) * 3} number {i}", f"{c}", (c, i))
                for c in range(26)
                for i in range(11)
            ],
            kind,
        )
        for kind in (WORDS, DOCUMENTS, INTENTS, AUTHORS)
    }
    tables[NEXT] = Matches(
        tuple(
            Match(f"{source} {chr(97 + c) * 4} one", f"{source} {chr(97 + c) * 4} two", source, c)
            for source in (*TRAINING, *HELD_OUT)
            for c in range(100)
        )
    )
    inputs = {kind: ngrams(table.texts) for kind, table in tables.items()}
    return Kinds(tables, inputs, inputs[WORDS], torch.ones(BUCKETS))


@pytest.mark.parametrize("method", METHODS)
def test_methods_train_the_encoder(kinds, method):
    run = Pretraining(kinds, SELF_SUPERVISED, steps=4, outer_lr=0.01, seed=0)
    learner, again = run.train(method), run.train(method)
    start = UnitEncoder(5, kinds.weights)
    moved = [
        not torch.equal(one, other)
        for one, other in zip(learner.model.body.parameters(), start.body.parameters(), strict=True)
    ]
    assert any(moved) == (method != "untrained")
    torch.testing.assert_close(learner.state_dict(), again.state_dict())
    tasks = kinds.sampler(AUTHORS, "all", 1, 5, 0).batch(0, 3)
    assert (
        frozen_class_means(seen_by(learner, tasks), 5).mean() > 0.3
    )  # a class has its own words; chance is 0.2
    assert fine_tuned(learner, tasks, 2).shape == (3, 3)


def test_classes_of_the_parts_differ(kinds):
    parts = [kinds.sampler(WORDS, part, 1, 2, 0).classes for part in ("train", "validation")]
    assert not set(parts[0]) & set(parts[1])
    assert len(kinds.sampler(WORDS, "all", 1, 2, 0).classes) == 26


def test_the_untrained_encoder_projects_tf_idf_at_random(kinds):
    """Cosines of many random projections are those of the n-gram shares."""
    ids = kinds.inputs[WORDS][:40:8]
    rows = tf_idf(kinds, WORDS)[:40:8] ** 2  # counts, with weights of one
    truth = torch.nn.functional.normalize(rows, dim=-1)
    encoders = [UnitEncoder(5, kinds.weights, seed=seed).body for seed in range(20)]
    features = torch.cat([encoder(ids) for encoder in encoders], -1)
    unit = torch.nn.functional.normalize(features, dim=-1)
    assert (unit @ unit.T - truth @ truth.T).abs().max() < 0.1


def test_tasks_are_seen_as_the_encoder_reads_them(kinds):
    learner = Pretraining(kinds, SELF_SUPERVISED, 1, 0.01, 0, dim=16).train("untrained")
    tasks = kinds.sampler(INTENTS, "test", 1, 5, 0).batch(0, 2)
    seen = seen_by(learner, tasks)
    assert seen.support.x.shape == (2, 5, 16)
    torch.testing.assert_close(seen.query.x, learner.model.body(tasks.query.x).detach())
    assert not seen.query.x.requires_grad


def test_means_have_their_interval_over_the_seeds():
    table = pd.DataFrame(
        {"method": m, "kind": "k", "shots": 1, "seed": seed, "class means": 10 * seed + more}
        for m, more in (("a", 3), ("b", 1))
        for seed in range(3)
    )
    assert means_over_seeds(table)["k", 1].to_list() == ["13.0 ± 24.8", "11.0 ± 24.8"]


def test_the_committed_table_and_pictures_are_of_the_same_rows():
    saved = pd.read_csv(SAVED_META_PRETRAINING)
    assert set(saved.groupby(["mixture", "method", "kind", "shots"]).size()) == {5}
    own = saved[saved.mixture.eq("no labels")]
    rows = {(m, kind, int(k)) for m, kind, k in zip(own.method, own.kind, own.shots, strict=True)}
    pictures = load_pictures()
    assert pictures.keys() == rows
    for (_, kind, shots), picture in pictures.items():
        questions = 5 if kind in MATCHING else 25
        assert picture.support.shape == (4, 5 * shots, 2)
        assert picture.query.shape == (4, questions, 2)
        assert picture.answered.shape == (4, questions)
