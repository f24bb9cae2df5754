"""Viterbi's path is the best of all paths, and the oracle's numbers come out."""

from itertools import product

import pytest
import torch

from metalearn_lab.experiments.tag_lattice import (
    Abstract,
    count_transitions,
    path_score,
    transitions,
    viterbi,
)

ABSTRACT = Abstract(start_o=0.8, o_o=0.9, i_o=0.6, i_same=0.35, i_other=0.05)
EMISSIONS = torch.tensor(
    [[0.30, 0.60, 0.10], [0.40, 0.25, 0.35], [0.80, 0.10, 0.10]], dtype=torch.float64
)


@pytest.mark.parametrize(
    ("temperature", "best", "score", "second", "second_score"),
    [
        (1.0, [0, 0, 0], -2.7773, [1, 0, 0], -4.5690),
        (0.3, [0, 0, 0], -4.2917, [1, 0, 0], -4.4562),
        (0.05, [1, 0, 0], -4.8390, [0, 0, 0], None),
    ],
)
def test_the_oracle_of_three_tokens(temperature, best, score, second, second_score):
    table = transitions(ABSTRACT, 2, temperature)
    scores = {path: path_score(EMISSIONS, table, path) for path in product(range(3), repeat=3)}
    assert len(scores) == 27
    ranked = sorted(scores, key=scores.get, reverse=True)
    assert list(ranked[0]) == viterbi(EMISSIONS, table) == best
    assert scores[ranked[0]] == pytest.approx(score, abs=5e-5)
    if second_score is not None:
        assert list(ranked[1]) == second
        assert scores[ranked[1]] == pytest.approx(second_score, abs=5e-5)


def test_viterbi_is_brute_force():
    numbers = torch.Generator().manual_seed(0)
    for types, tokens in [(1, 5), (2, 4), (3, 3)] * 10:
        drawn = torch.rand(tokens, types + 1, generator=numbers, dtype=torch.float64)
        shares = torch.rand(5, generator=numbers).tolist()
        table = transitions(Abstract(*shares), types, 0.5)
        paths = product(range(types + 1), repeat=tokens)
        best = max(paths, key=lambda path: path_score(drawn, table, path))
        assert viterbi(drawn, table) == list(best)


def test_without_temperature_the_transitions_say_nothing():
    table = transitions(ABSTRACT, 2, 0.0)
    assert torch.allclose(table, torch.full_like(table, 1 / 3))
    assert viterbi(EMISSIONS, table) == EMISSIONS.argmax(1).tolist()


def test_rows_sum_to_one_and_transitions_are_counted():
    for temperature in (0.05, 0.5, 1.0):
        table = transitions(ABSTRACT, 3, temperature)
        assert table.sum(1).tolist() == pytest.approx([1] * 5)
    counted = count_transitions([[0, 0, 1, 1, 0], [2, 1, 0, 0]])
    assert counted == Abstract(0.5, 2 / 3, 0.5, 0.25, 0.25)


@pytest.mark.parametrize(
    "call",
    [
        lambda: transitions(ABSTRACT, 0),
        lambda: transitions(ABSTRACT, 2, -1),
        lambda: viterbi(EMISSIONS[:0], transitions(ABSTRACT, 2)),
        lambda: viterbi(EMISSIONS, transitions(ABSTRACT, 3)),
        lambda: count_transitions([[0, 0]]),
    ],
)
def test_what_has_no_lattice_is_refused(call):
    with pytest.raises(ValueError, match=r"."):
        call()
