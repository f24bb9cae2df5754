import pytest
import torch

from metalearn_lab.exercises.reptile import (
    RULES,
    check_reptile_update,
    check_rules,
    unnamed_paths,
)
from metalearn_lab.exercises.verdict import NOTHING_YET
from metalearn_lab.tasks.quadratics import stationary_point

RIGHT = {
    "A": "MAML with the inner sign wrong",
    "B": "first-order MAML",
    "C": "Reptile, k = 5",
    "D": "MAML",
}


def trained(phi, slope, alpha, k):
    for _ in range(k):
        phi = phi - alpha * slope(phi)
    return phi


def moves(phi, slopes, alpha, k):
    return torch.stack([trained(phi, slope, alpha, k) - phi for slope in slopes])


def reptile(phi, slopes, alpha, k, epsilon):
    return phi + epsilon * moves(phi, slopes, alpha, k).mean()


def chained(phi, slopes, alpha, k, epsilon):
    end = phi
    for slope in slopes:
        end = trained(end, slope, alpha, k)
    return phi + epsilon * (end - phi)


def serial(phi, slopes, alpha, k, epsilon):
    for slope in slopes:
        phi = phi + epsilon * (trained(phi, slope, alpha, k) - phi)
    return phi


def on_the_mean(phi, slopes, alpha, k, epsilon):
    def mean_slope(at):
        return sum(slope(at) for slope in slopes) / len(slopes)

    return phi + epsilon * (trained(phi, mean_slope, alpha, k) - phi)


def subtracted_once(phi, slopes, alpha, k, epsilon):
    ends = [trained(phi, slope, alpha, k) for slope in slopes]
    return phi + epsilon * (sum(ends) - phi) / len(slopes)


def in_place(phi, slopes, alpha, k, epsilon):
    phi += epsilon * moves(phi, slopes, alpha, k).mean()
    return phi


def test_the_batched_rule_is_right_also_as_a_plain_number():
    assert check_reptile_update(reptile).right
    assert check_reptile_update(lambda *each: reptile(*each).item()).right


@pytest.mark.parametrize(
    ("mistake", "hint"),
    [
        (lambda p, s, a, k, e: p + e * moves(p, s, a, k).sum(), "1/n is missing"),
        (lambda p, s, a, k, e: p - e * moves(p, s, a, k).mean(), "the sign is wrong"),
        (lambda p, s, a, k, e: p + moves(p, s, a, k).mean(), "ε is missing"),
        (lambda p, s, a, k, e: e * moves(p, s, a, k).mean(), "the move alone"),
        (lambda p, s, a, k, e: p + e * moves(p, s, a, k).mean() / a, "divides by α too"),
        (lambda p, s, a, k, e: p - e * torch.stack([f(p) for f in s]).mean(), "gradient at φ"),
        (lambda p, s, a, k, e: reptile(p, s, a, 1, e), "only one inner step"),
        (lambda p, s, a, k, e: reptile(p, s, -a, k, e), "go uphill"),
        (chained, "where the one before ended"),
        (serial, "serial Reptile"),
        (on_the_mean, "mean loss of the tasks"),
        (subtracted_once, "Subtract it from each"),
        (in_place, "changed phi itself"),
        (lambda p, s, a, k, e: p, "compare with"),
    ],
)
def test_another_update_is_recognised(mistake, hint):
    verdict = check_reptile_update(mistake)
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize(
    ("rule", "algorithm", "steps"),
    [("pretraining", "joint", 1), ("MAML", "maml", 1), ("Reptile, k = 5", "reptile", 5)],
)
def test_the_rules_pull_as_the_algorithms_do(rule, algorithm, steps):
    pulls = RULES[rule](torch.tensor([2.0, 8.0]))
    settles = (pulls[1] - pulls[0]) / pulls.sum()
    bowls = {"curvatures": (2.0, 8.0), "centres": (-1.0, 1.0)}
    exact = stationary_point(algorithm, **bowls, inner_lr=0.1, inner_steps=steps)
    assert settles.item() == pytest.approx(exact, abs=1e-6)


def test_the_paths_start_alike_and_end_where_the_rules_settle():
    paths = unnamed_paths(200)
    assert {path[0] for path in paths.values()} == {0.5}
    ends = {letter: path[-1] for letter, path in paths.items()}
    assert ends == pytest.approx({"A": 0.8, "B": 0.0, "C": 0.1958, "D": -0.6}, abs=5e-5)


def test_the_right_rules_are_right():
    assert check_rules(RIGHT).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ({**RIGHT, "A": "pretraining"}, "path A ends at 0.800, but pretraining settles at"),
        ({**RIGHT, "B": "MAML", "D": "first-order MAML"}, "path B ends at 0.000"),
        ({**RIGHT, "C": "SGD"}, "no rule is called 'SGD'"),
        ({"A": RIGHT["A"]}, "path B has no rule yet"),
    ],
)
def test_another_naming_is_told_apart(answer, hint):
    verdict = check_rules(answer)
    assert not verdict.right
    assert hint in verdict.says


def test_no_answer_is_no_mistake():
    def stub(phi, slopes, alpha, k, epsilon):
        raise NotImplementedError("your turn")

    assert check_reptile_update(stub).says.startswith(NOTHING_YET)
    assert check_rules(None).says.startswith(NOTHING_YET)
