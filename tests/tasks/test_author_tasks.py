"""Tasks of training authors: whose sentences they hold, and what repeats."""

import torch

from metalearn_lab.tasks.author_tasks import AuthorTasks
from metalearn_lab.tasks.docstrings import HELD_OUT, TRAINING, VALIDATION, authors, decode


def test_tasks_are_of_training_authors_alone_and_depend_on_their_number():
    source = AuthorTasks(shots=4, queries=3, length=163)
    tasks = source.batch(0, 6)
    assert tasks.support.x.shape == (6, 4, 163)
    assert tasks.query.y.shape == (6, 3, 163)
    assert torch.equal(tasks.query.x[4], source.batch(4, 1).query.x[0])
    known = {author: set(sentences) for author, sentences in authors().items()}
    for task in tasks.support.x:
        texts = {decode(row[1:]).strip("\n") for row in task}
        assert any(texts <= known[author] for author in TRAINING)
        assert not any(texts & known[author] for author in (*VALIDATION, *HELD_OUT))


def test_support_and_query_share_no_sentence():
    task = AuthorTasks(length=163).batch(3, 1)
    of_support = {decode(row) for row in task.support.x[0]}
    assert not of_support & {decode(row) for row in task.query.x[0]}
