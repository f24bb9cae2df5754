"""Streams of tasks: what they are made of, that no task is trained on before it is a test."""

import pandas as pd
import pytest
import torch

from metalearn_lab.comparison.task_streams import (
    BLOCK,
    SAVED_STREAMS,
    STREAM_CLASSES,
    TASKS,
    WAYS,
    WAYS_TO_TRAIN,
    WINDOW,
    Rates,
    best_setting,
    blocks,
    class_mean_errors,
    from_scratch,
    intent_stream,
    kernel_ridge_errors,
    play,
    ridge_errors,
    sinusoid_stream,
    whitened_errors,
)
from metalearn_lab.tasks.table import Row, build_table
from metalearn_lab.tasks.types import select_tasks


@pytest.fixture(scope="module")
def intents():
    """Sentences as vectors around a place of their class."""
    rows = [Row(f"class {c} number {i}", f"c{c:02d}", i) for c in range(40) for i in range(8)]
    table = build_table(rows, "made up")
    numbers = torch.Generator().manual_seed(0)
    places = torch.randn(40, 12, generator=numbers)
    noise = 0.2 * torch.randn(len(table), 12, generator=numbers)
    return table, places[torch.tensor(table.labels)] + noise


def test_the_phase_drifts_and_a_shuffled_stream_has_the_same_tasks():
    stream = sinusoid_stream(0, tasks=60)
    y, x = stream.tasks.query.y, stream.tasks.query.x
    both = torch.cat([x.sin(), x.cos()], -1)
    weights = torch.linalg.lstsq(both, y).solution[..., 0]  # A cos p, -A sin p
    phase = torch.atan2(-weights[:, 1], weights[:, 0])
    assert phase[:15].mean() < 0.6
    assert phase[-15:].median() > 2.5
    shuffled = stream.shuffled(1)
    assert not torch.equal(shuffled.tasks.query.y, y)
    assert torch.equal(
        shuffled.tasks.query.y.sum((1, 2)).sort().values, y.sum((1, 2)).sort().values
    )


def test_intents_come_from_a_moving_window(intents):
    stream = intent_stream(*intents, 0, tasks=30)
    assert stream.classes == STREAM_CLASSES
    assert stream.labelled.query.y[0].max() < WINDOW
    assert stream.labelled.query.y[-1].min() >= STREAM_CLASSES - WINDOW
    for side in (0, 1):
        assert torch.equal(stream.tasks[side].x, stream.labelled[side].x)
    assert set(stream.tasks.query.y.unique().tolist()) == set(range(WAYS))


def test_validation_classes_are_in_no_stream(intents):
    def items(stream):
        return {tuple(row) for row in stream.tasks.query.x.flatten(0, 1).round(decimals=3).tolist()}

    validation = items(intent_stream(*intents, 7, part="validation", tasks=30))
    assert all(not validation & items(intent_stream(*intents, seed, tasks=30)) for seed in (0, 1))


@pytest.mark.parametrize("name", WAYS_TO_TRAIN)
def test_a_task_is_a_test_before_it_is_trained_on(name):
    """What comes later changes nothing; what came before does, if it is remembered."""
    stream = sinusoid_stream(0, tasks=6)
    other = sinusoid_stream(5, tasks=6)
    way, rates = WAYS_TO_TRAIN[name], Rates(0.01, 0.01)
    errors, _ = play(stream, way, rates, 0)
    tasks = [select_tasks(each.tasks, slice(None)) for each in (stream, other)]
    for split in range(2):
        for values, replaced in zip(tasks[0][split], tasks[1][split], strict=True):
            values[4:] = replaced[4:]
    changed, _ = play(stream, way, rates, 0)
    torch.testing.assert_close(changed[:4], errors[:4])
    assert not torch.allclose(changed[4:], errors[4:])


@pytest.mark.parametrize("name", WAYS_TO_TRAIN)
def test_every_way_learns_intents(intents, name):
    stream = intent_stream(*intents, 0, tasks=16)
    errors, later = play(stream, WAYS_TO_TRAIN[name], Rates(1.0, 0.01), 0)
    assert errors.shape == (16, 21)
    assert errors[:, 0].mean() > 0.6  # labels are dealt anew: nothing is known before a step
    assert later[:, -1].mean() < 0.4


def test_baselines_know_their_tasks(intents):
    tasks = intent_stream(*intents, 0, tasks=20).tasks
    assert class_mean_errors(tasks).mean() < 0.2
    assert ridge_errors(tasks, 0.1).mean() < 0.2
    assert from_scratch(tasks, 1.0, 10, 0)[:, -1].mean() < 0.3
    curves = sinusoid_stream(0, tasks=20).tasks
    zero = (curves.query.y**2).mean((1, 2))
    assert kernel_ridge_errors(curves, 1.5, 0.001).mean() < 0.3 * zero.mean()
    far = kernel_ridge_errors(curves, 1.5, 1e6)
    torch.testing.assert_close(far, zero, rtol=1e-3, atol=1e-3)


def test_whitening_by_the_past_takes_out_what_varies_within_classes(intents):
    table, vectors = intents
    noise = 3 * torch.randn(len(table), 1, generator=torch.Generator().manual_seed(3))
    disturbed = torch.cat([vectors, noise], 1)
    stream = intent_stream(table, disturbed, 0, tasks=30)
    plain, later_plain = whitened_errors(stream, 1.0)
    torch.testing.assert_close(plain, class_mean_errors(stream.tasks))
    whitened, later = whitened_errors(stream, 0.01)
    assert whitened[0] == plain[0], "nothing is known before the first task"
    assert later.mean() < later_plain.mean() / 2


def test_the_best_trial_and_step_are_found():
    errors = [torch.tensor([[3.0, 2.0], [3.0, 2.0]]), torch.tensor([[4.0, 1.0], [4.0, 2.0]])]
    assert best_setting(errors) == (1, 1)
    assert blocks(torch.arange(10.0)).tolist() == [2.0, 7.0]


def test_the_saved_tables_belong_together():
    along, summary = (pd.read_csv(SAVED_STREAMS / f"{n}.csv") for n in ("along", "summary"))
    keys = ["stream", "order", "method", "seed"]
    means = along.groupby(keys).error.mean()
    assert set(along.groupby(keys).size()) == {TASKS // BLOCK}
    assert len(summary) == len(means)
    assert set(summary.groupby(keys[:3]).size()) == {5}
    given = summary.set_index(keys).error.reindex(means.index)
    assert ((given - means).abs() <= 2e-3 * given.abs() + 1e-4).all()
