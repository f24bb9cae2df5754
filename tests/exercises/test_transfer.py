"""The self-checks of chapter 02: the right answer passes, each likely mistake has its hint."""

import pytest

from metalearn_lab.exercises.transfer import check_choose, check_lora_parameters, check_lora_table
from metalearn_lab.exercises.verdict import NOTHING_YET


def stub(*arguments):
    raise NotImplementedError("your turn")


@pytest.mark.parametrize("check", [check_lora_table, check_lora_parameters, check_choose])
def test_a_stub_is_no_answer_yet(check):
    verdict = check(stub)
    assert not verdict.right
    assert verdict.says.startswith(NOTHING_YET)


@pytest.mark.parametrize(
    "embed",
    [
        lambda ids, table, a, b, s: table[ids] + s * a[ids] @ b,
        lambda ids, table, a, b, s: (table + s * a @ b)[ids],
    ],
)
def test_both_orders_of_the_table_are_right(embed):
    assert check_lora_table(embed).right


@pytest.mark.parametrize(
    ("embed", "hint"),
    [
        (lambda ids, table, a, b, s: table[ids] + a[ids] @ b, "not scaled"),
        (lambda ids, table, a, b, s: s * a[ids] @ b, "frozen table is missing"),
        (lambda ids, table, a, b, s: s * (table[ids] + a[ids] @ b), "low-rank part alone"),
        (lambda ids, table, a, b, s: table[ids] + s / 2 * a[ids] @ b, "do not divide again"),
        (lambda ids, table, a, b, s: table[ids], "frozen rows alone"),
        (lambda ids, table, a, b, s: table + s * a @ b, "[7, 5]: look up the rows"),
        (lambda ids, table, a, b, s: table[ids] - s * a[ids] @ b, "one product at a time"),
        (lambda ids, table, a, b, s: table[ids] + s * a @ b, "RuntimeError"),
    ],
)
def test_each_mistake_with_the_table_has_its_hint(embed, hint):
    verdict = check_lora_table(embed)
    assert not verdict.right
    assert hint in verdict.says


def test_the_count_is_right():
    assert check_lora_parameters(lambda inputs, outputs, rank: rank * (inputs + outputs)).right


@pytest.mark.parametrize(
    ("count", "hint"),
    [
        (lambda i, o, r: i * o, "size of W_0"),
        (lambda i, o, r: i * o + r * (i + o), "leave its numbers out"),
        (lambda i, o, r: r * i * o, "added, not multiplied"),
        (lambda i, o, r: r * i, "A alone"),
        (lambda i, o, r: r * o, "B alone"),
        (lambda i, o, r: i + o, "that is rank 1"),
        (lambda i, o, r: r + i + o, "A is [r, inputs]"),
    ],
)
def test_each_mistake_in_the_count_has_its_hint(count, hint):
    verdict = check_lora_parameters(count)
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize(
    "choose",
    [
        lambda validation, test: max(validation, key=validation.get),
        lambda validation, test: sorted(validation, key=lambda name: -validation[name])[0],
    ],
)
def test_choosing_on_validation_is_right(choose):
    assert check_choose(choose).right


@pytest.mark.parametrize(
    ("choose", "hint"),
    [
        (lambda validation, test: max(test, key=test.get), "by the test classes"),
        (lambda v, test: max(v, key=lambda n: v[n] + test[n]), "by the test classes"),
        (lambda validation, test: min(validation, key=validation.get), "smallest accuracy"),
        (lambda validation, test: "full", "the highest accuracy on the validation"),
        (lambda validation, test: "LoRA", "with other validation accuracies"),
        (lambda validation, test: max(validation.values()), "return one of the names"),
    ],
)
def test_each_mistake_in_choosing_has_its_hint(choose, hint):
    verdict = check_choose(choose)
    assert not verdict.right
    assert hint in verdict.says
