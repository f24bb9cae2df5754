"""No check of any exercise says Right to what only looks like an answer.

Every check of the package has a row in ``CODE`` or ``PLAIN`` with its right answer. The wrong ones
are made of it: not finite, of another type or shape, failing, changing what they are given, fixed
to one value, or deaf to one of their arguments.
"""

import importlib
import inspect
import math
import pkgutil
import sys
from fractions import Fraction

import numpy as np
import pytest
import torch

from metalearn_lab import exercises
from metalearn_lab.exercises.verdict import NOTHING_YET, Verdict
from metalearn_lab.experiments.representation_similarity import linear_cka
from tests.exercises import (
    test_adaptation_lab,
    test_applications,
    test_article_sketches,
    test_episodes,
    test_few_shot_ner,
    test_few_shot_text,
    test_first_order,
    test_hidden_mistakes,
    test_in_context,
    test_language_models,
    test_languages,
    test_learned_rates,
    test_maml,
    test_meta_networks,
    test_meta_pretraining,
    test_meta_rl,
    test_recommendation,
    test_reptile,
    test_scaling,
    test_senses_and_grades,
    test_start_here,
    test_streams,
    test_task_graph,
    test_transfer,
)


def maml_loss_of_five(model, support, query, inner_lr, inner_steps):
    return test_maml.maml_loss(model, support, query, inner_lr, inner_steps)


def outer_step_of_five(model, tasks, inner_lr, inner_steps, outer_lr):
    return test_maml.outer_step(model, tasks, inner_lr, inner_steps, outer_lr)


# By check: the right function, and what else the check is given.
CODE = {
    "check_bowls_meta_loss": (test_start_here.bowls_meta_loss, ()),
    "check_meta_gradient_by_hand": (test_start_here.by_hand, ()),
    "check_episode_sampler": (test_episodes.deal, ()),
    "check_leaked": (test_episodes.count, (test_episodes.SAMPLERS, test_episodes.GROUPS)),
    "check_class_means": (test_transfer.cosines, ()),
    "check_lora": (test_transfer.lora, ()),
    "check_choose": (lambda validation, test: max(validation, key=validation.get), ()),
    "check_meta_network_loss": (test_meta_networks.loss_of_five, ()),
    "check_class_head": (test_meta_networks.class_head, ()),
    "check_desk_answers": (test_applications.desk_answers, ()),
    "check_alarm_after": (test_applications.alarm_after, ()),
    "check_entity_f1": (test_few_shot_ner.f1_of_two, ()),
    "check_viterbi_step": (test_few_shot_ner.viterbi_step, ()),
    "check_attention_layer": (test_in_context.layer, ()),
    "check_pool_answer": (test_in_context.pool_answer, ()),
    "check_maml_loss": (maml_loss_of_five, ()),
    "check_outer_step": (outer_step_of_five, ()),
    "check_first_order_gradient": (test_first_order.first_order, ()),
    "check_reptile_update": (test_reptile.reptile, ()),
    "check_partial_loop": (test_adaptation_lab.partial_loop_alone, ()),
    "check_linear_cka": (linear_cka, ()),
    "check_hypergradient_descent": (test_learned_rates.descend, ()),
    "check_meta_sgd_loss": (test_learned_rates.meta_sgd, ()),
    "check_inner_loop": (test_hidden_mistakes.mended, ()),
    "check_slope_error": (test_hidden_mistakes.slope_error, ()),
    "check_episodes_needed": (lambda sd, half: math.ceil((1.96 * sd / half) ** 2), ()),
    "check_prototype_loss": (test_few_shot_text.prototype_loss, ()),
    "check_difference_over_splits": (test_few_shot_text.over_splits, ()),
    "check_gain_from_peeking": (test_few_shot_text.gain, (test_few_shot_text.CURVES,)),
    "check_chunked_gradient": (test_scaling.chunked, ()),
    "check_best_ranks": (test_scaling.best_ranks, ()),
    "check_smoothed_probability": (test_language_models.smoothed_of_four, ()),
    "check_my_contrastive_loss": (test_meta_pretraining.loss_of_three, ()),
    "check_hide_word": (test_meta_pretraining.hide, ()),
    "check_meta_leader": (test_streams.leader, ()),
    "check_transfer_scores": (test_streams.four, ()),
    "check_new_user_ratings": (test_recommendation.new_user_ratings, ()),
    "check_my_ndcg": (test_recommendation.my_ndcg, ()),
    "check_pulled_ridge": (test_languages.pulled, ()),
    "check_my_mrr": (test_languages.my_mrr, ()),
    "check_my_task2vec_distance": (test_task_graph.distance_of_two, ()),
    "check_my_warm_start": (test_task_graph.start_of_three, ()),
    "check_my_advantages": (test_meta_rl.weights, ()),
    "check_my_meta_surrogate": (test_meta_rl.whole, ()),
    "check_learned_optimizer": (test_article_sketches.loss_of_four, ()),
    "check_score_without_o": (test_article_sketches.score, ()),
    "check_author_share": (test_language_models.share_of_three, ()),
    "check_my_kappa": (test_senses_and_grades.my_kappa, ()),
}
# By check: the right answer, what else the check is given, and whether it is a number.
PLAIN = {
    "check_best_start": (-0.14, {}, True),
    "check_sweep_grid": (test_scaling.GRIDS[0], {}, False),
    "check_frequent_sense": (test_senses_and_grades.FREQUENT, {}, False),
}
NUMBERS = [name for name, (_, _, number) in PLAIN.items() if number]
NOT_USED = {("check_choose", "test"), ("check_best_ranks", "fixed")}


def all_checks():
    names = [each.name for each in pkgutil.iter_modules(exercises.__path__, "x.")]
    modules = [importlib.import_module(n.replace("x", exercises.__name__, 1)) for n in names]
    return {n: f for m in modules for n, f in vars(m).items() if n.startswith("check_")}


CHECKS = all_checks()


def ask_code(name, answer) -> Verdict:
    return CHECKS[name](answer, *CODE[name][1])


def ask_plain(name, answer) -> Verdict:
    return CHECKS[name](answer, **PLAIN[name][1])


def changed(result, change):
    """The change made to what a right function returns."""
    return lambda right: lambda *given: change(result(right(*given)))


def as_it_is(result):
    return result


def prints(right):
    def answer(*given):
        sys.stdout.write(str(right(*given)))

    return answer


def fails(right):
    def answer(*given):
        raise ZeroDivisionError("division by zero")

    return answer


def changes_what_it_is_given(right):
    def answer(*given):
        result = right(*given)
        for each in given:
            spoil(each)
        return result

    return answer


def spoil(value):
    """Change every tensor, list and dictionary in a value."""
    if isinstance(value, torch.nn.Module):
        value = list(value.parameters())
    if isinstance(value, torch.Tensor):
        value.data.add_(1)
    elif isinstance(value, tuple | list):
        for each in value:
            spoil(each)
        if isinstance(value, list):
            value.append(0)
    elif isinstance(value, dict):
        value.clear()


def always_the_first(right):
    """What an answer comes to that is made for the one example that it was tried on."""
    made = []

    def answer(*given):
        made.append(right(*given))
        return made[0]

    return answer


def filled(value):
    def change(result):
        if isinstance(result, dict):
            return {name: change(part) for name, part in result.items()}
        return torch.as_tensor(result) * 0 + value

    return changed(as_it_is, change)


SNEAKY = {
    "nan": lambda right: lambda *given: math.nan,
    "inf": lambda right: lambda *given: math.inf,
    "a tensor of nan": filled(math.nan),
    "a tensor of inf": filled(math.inf),
    "zero": filled(0.0),
    "None": lambda right: lambda *given: None,
    "text": changed(as_it_is, str),
    "text of a number": changed(as_it_is, lambda each: str(float(torch.as_tensor(each).sum()))),
    "a list": changed(as_it_is, lambda each: [each]),
    "a tuple": changed(as_it_is, lambda each: (each,)),
    "one more axis": changed(torch.as_tensor, lambda each: each[None]),
    "two of it": changed(torch.as_tensor, lambda each: torch.stack([each, each])),
    "whole numbers": changed(torch.as_tensor, lambda each: (each * 1.001).long()),
    "complex": changed(torch.as_tensor, lambda each: each + 0j),
    "true": lambda right: lambda *given: True,
    "its first input": lambda right: lambda *given: given[0],
    "its last input": lambda right: lambda *given: given[-1],
    "print in place of return": prints,
    "an error": fails,
    "one answer for all": always_the_first,
}
# Text is what one exercise asks for, whole numbers three.
RIGHT_AFTER_ALL = {
    ("check_desk_answers", "whole numbers"),
    ("check_alarm_after", "whole numbers"),
    ("check_choose", "text"),
    ("check_hide_word", "whole numbers"),
    ("check_leaked", "whole numbers"),
    ("check_episodes_needed", "whole numbers"),
}


def test_every_check_of_the_package_is_tried_here():
    assert CHECKS.keys() == CODE.keys() | PLAIN.keys()


@pytest.mark.parametrize("name", CODE)
def test_the_right_function_is_right_also_when_it_prints(name, capsys):
    right = CODE[name][0]

    def talks(*given):
        sys.stdout.write("so far so good")
        return right(*given)

    for answer in (right, talks):
        verdict = ask_code(name, answer)
        assert verdict.right, verdict
    assert "so far" in capsys.readouterr().out


@pytest.mark.parametrize("name", CODE)
@pytest.mark.parametrize("way", SNEAKY)
def test_no_function_that_only_looks_right_is_right(name, way):
    verdict = ask_code(name, SNEAKY[way](CODE[name][0]))
    assert verdict.right == ((name, way) in RIGHT_AFTER_ALL), verdict
    if way in ("None", "print in place of return"):
        assert verdict.says.startswith(NOTHING_YET)
    if way in ("nan", "inf", "a tensor of nan", "a tensor of inf") and name != "check_choose":
        assert "asked for" in verdict.says or "return the tensor" in verdict.says, verdict


@pytest.mark.parametrize("name", CODE)
def test_no_function_that_changes_what_it_is_given_is_right(name):
    if all(isinstance(each, float | int | str) for each in first_arguments(name)):
        return
    verdict = ask_code(name, changes_what_it_is_given(CODE[name][0]))
    assert not verdict.right
    assert "itself" in verdict.says, verdict


def first_arguments(name):
    seen = []

    def record(*given):
        seen.append(given)
        return CODE[name][0](*given)

    ask_code(name, record)
    return seen[0]


PAIRS = [
    (name, position)
    for name, (right, _) in CODE.items()
    for position, argument in enumerate(inspect.signature(right).parameters)
    if (name, argument) not in NOT_USED
]


@pytest.mark.parametrize(("name", "position"), PAIRS)
def test_no_function_that_is_deaf_to_an_argument_is_right(name, position):
    right, first = CODE[name][0], []

    def deaf(*given):
        first.append(given[position])
        return right(*given[:position], first[0], *given[position + 1 :])

    verdict = ask_code(name, deaf)
    assert not verdict.right, verdict


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_of_any_kind_is_right(name):
    right = PLAIN[name][0]
    for answer in (right, np.float64(right), torch.tensor(float(right)), Fraction(right)):
        assert ask_plain(name, answer).right, (name, answer)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(
    "wrong", [None, math.nan, math.inf, -math.inf, True, [], {}, "", "?", 1j, object(), print]
)
def test_what_is_no_answer_is_never_right(name, wrong):
    assert not ask_plain(name, wrong).right


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "wrap", [str, lambda x: [x], lambda x: {x: x}, complex, lambda x: torch.tensor([float(x)])]
)
def test_a_number_in_disguise_is_told_what_it_is(name, wrap):
    verdict = ask_plain(name, wrap(PLAIN[name][0]))
    assert not verdict.right
    assert "a number is asked for, and yours is" in verdict.says
