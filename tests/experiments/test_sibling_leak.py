"""A swapped sibling gives way to a sentence of its class of another template, nothing else."""

import torch

from metalearn_lab.experiments.sibling_leak import sibling_mask, swap_siblings
from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.table import LabelledTable
from metalearn_lab.tasks.types import Split, Task

ROWS = 180
TABLE = LabelledTable(
    texts=tuple(f"sentence {row}" for row in range(ROWS)),
    labels=tuple(row // 36 for row in range(ROWS)),
    classes=("a", "b", "c", "d", "e"),
    groups=tuple(row // 6 for row in range(ROWS)),
    source="here",
)


def batch(groups=None, count=150):
    counts = {"ways": 3, "shots": 4, "queries": 2}
    sampler = EpisodeSampler(torch.arange(ROWS), TABLE.labels, groups=groups, **counts)
    return sampler.batch(0, count)


def joined(tasks, seed=0):
    parts = swap_siblings(tasks, TABLE, seed=seed)
    assert all(len(part.query.x) <= 500 for part in parts)
    sides = zip(*((*part.support, *part.query) for part in parts), strict=True)
    return [torch.cat(side) for side in sides]


def test_the_mask_is_the_comparison_of_templates_one_by_one():
    tasks = batch(count=5)
    mask = sibling_mask(tasks, TABLE)
    for task, queries in enumerate(tasks.query.x.tolist()):
        support = tasks.support.x[task].tolist()
        for item, row in enumerate(queries):
            expected = [TABLE.groups[row] == TABLE.groups[other] for other in support]
            assert mask[task, item].tolist() == expected


def test_only_siblings_are_swapped_for_unused_sentences_of_their_class():
    tasks = batch()
    mask = sibling_mask(tasks, TABLE).flatten(0, 1)
    assert mask.any()
    support, support_y, query, query_y = joined(tasks)
    assert query.flatten().equal(tasks.query.x.flatten())
    assert query_y.flatten().equal(tasks.query.y.flatten())
    of_query = torch.arange(len(query)) // tasks.query.x.shape[1]
    before, labels = tasks.support.x[of_query], torch.tensor(TABLE.labels)
    assert support_y.equal(tasks.support.y[of_query])
    assert support[~mask].equal(before[~mask])
    assert labels[support].equal(labels[before])
    templates = torch.tensor(TABLE.groups)
    assert not (templates[support] == templates[query]).any()
    for now, old, mine, asked in zip(support, before, mask, of_query, strict=True):
        episode = {*old.tolist(), *tasks.query.x[asked].tolist()}
        assert not {*now[mine].tolist()} & episode
        assert len({*now.tolist()}) == len(now)


def test_it_is_the_same_again_and_nothing_without_siblings():
    assert all(map(torch.equal, joined(batch()), joined(batch())))
    assert not torch.equal(joined(batch())[0], joined(batch(), seed=1)[0])
    apart = batch(groups=TABLE.groups)
    support, *_ = joined(apart)
    assert support.equal(apart.support.x.repeat_interleave(6, dim=0))


def test_too_few_other_sentences_come_twice_and_without_any_the_siblings_stay():
    few = LabelledTable(
        ("a", "b", "c", "d", "e", "f", "g"),
        (0,) * 4 + (1,) * 3,
        ("x", "y"),
        (0, 0, 0, 1, 2, 2, 2),
        "here",
    )
    rows, labels = torch.tensor([[0, 1, 4, 5]]), torch.tensor([[0, 0, 1, 1]])
    asked = Split(torch.tensor([[2, 6]]), torch.tensor([[0, 1]]))
    [swapped] = swap_siblings(Task(Split(rows, labels), asked), few, seed=0)
    assert swapped.support.x.tolist() == [[3, 3, 4, 5], [0, 1, 4, 5]]
