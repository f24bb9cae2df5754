"""The checks accept what is right and name each likely mistake."""

import pytest
import torch

from metalearn_lab.exercises.adaptation_lab import check_linear_cka, check_partial_loop
from metalearn_lab.experiments.representation_similarity import linear_cka


def partial_loop(loss, theta, alpha, steps, moves, *, create_graph=True):
    for _ in range(steps):
        moving = [name for name in theta if name.startswith(moves)]
        slopes = torch.autograd.grad(
            loss(theta), [theta[name] for name in moving], create_graph=create_graph
        )
        step = dict(zip(moving, slopes, strict=True))
        theta = {name: w - alpha * step[name] if name in step else w for name, w in theta.items()}
    return theta


def partial_loop_alone(loss, theta, alpha, steps, moves):
    return partial_loop(loss, theta, alpha, steps, moves)


def from_the_start(loss, theta, alpha, steps, moves):
    return partial_loop(loss, theta, alpha * steps, 1, moves)


def moves_in_the_name(loss, theta, alpha, steps, moves):
    return partial_loop(loss, theta, alpha, steps, tuple(n for n in theta if moves[:-1] in n))


def the_others(loss, theta, alpha, steps, moves):
    return partial_loop(
        loss, theta, alpha, steps, tuple(n for n in theta if not n.startswith(moves))
    )


def detached(loss, theta, alpha, steps, moves):
    ends = partial_loop(loss, theta, alpha, steps, moves)
    return {name: w.detach() for name, w in ends.items()}


def only_what_moved(loss, theta, alpha, steps, moves):
    ends = partial_loop(loss, theta, alpha, steps, moves)
    return {name: w for name, w in ends.items() if name.startswith(moves)}


LOOPS = {
    "all weights have moved": lambda *given: partial_loop(*given[:4], ""),
    "what should move stands still": the_others,
    "nothing has moved": lambda loss, theta, alpha, steps, moves: dict(theta),
    "forehead": moves_in_the_name,
    "up the gradient": lambda loss, theta, alpha, *rest: partial_loop(loss, theta, -alpha, *rest),
    "gradient at the start": from_the_start,
    "take all k": lambda loss, theta, alpha, steps, moves: partial_loop(
        loss, theta, alpha, 1, moves
    ),
    "cut off": detached,
    "every weight under its name": only_what_moved,
    "first-order MAML": lambda *given: partial_loop(*given, create_graph=False),
    "not where": lambda *given: partial_loop(given[0], given[1], 2 * given[2], *given[3:]),
}


def test_the_partial_loop_is_right():
    verdict = check_partial_loop(partial_loop)
    assert verdict.right, verdict


@pytest.mark.parametrize("hint", LOOPS)
def test_each_wrong_partial_loop_has_its_hint(hint):
    verdict = check_partial_loop(LOOPS[hint])
    assert not verdict.right
    assert hint in verdict.says, verdict


def centred(a):
    return a - a.mean(0)


def strength(a, b):
    return (a.T @ b).square().sum()


def right_cka(a, b):
    a, b = centred(a), centred(b)
    return strength(a, b) / (strength(a, a) * strength(b, b)).sqrt()


def uncentred_cka(a, b):
    return strength(a, b) / (strength(a, a) * strength(b, b)).sqrt()


SIMILARITIES = {
    "square root": lambda a, b: right_cka(a, b).sqrt(),
    "centre each feature": uncentred_cka,
    "over the items": lambda a, b: uncentred_cka(a - a.mean(1, keepdim=True), centred(b)),
    "adding a constant": lambda a, b: uncentred_cka(a - a.mean(), b - b.mean()),
    "squared, and divided": lambda a, b: right_cka(a, b) / strength(centred(a), centred(b)).sqrt(),
    "doubling A": lambda a, b: strength(centred(a), centred(b)),
    "turning A": lambda a, b: right_cka(a[:, :1], b),
    "it should be": lambda a, b: right_cka(a, b) / 2,
}


def test_linear_cka_is_right_by_hand_and_in_the_package():
    assert check_linear_cka(right_cka).right
    assert check_linear_cka(linear_cka).right


@pytest.mark.parametrize("hint", SIMILARITIES)
def test_each_wrong_similarity_is_told_which_property_it_lacks(hint):
    verdict = check_linear_cka(SIMILARITIES[hint])
    assert not verdict.right
    assert hint in verdict.says


def unfinished(*args):
    raise NotImplementedError("your turn")


def test_no_answer_yet():
    for verdict in (check_partial_loop(unfinished), check_linear_cka(unfinished)):
        assert not verdict.right
        assert verdict.says.startswith("Nothing here yet")
