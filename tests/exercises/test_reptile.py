import pytest
import torch

from metalearn_lab.exercises.reptile import check_reptile_update
from metalearn_lab.exercises.verdict import NOTHING_YET


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
        # Deaf to an argument.
        (lambda p, s, a, k, e: reptile(p, s, 0.1, k, e), "compare with"),
        (lambda p, s, a, k, e: reptile(p, s, a, 4, e), "compare with"),
        (lambda p, s, a, k, e: reptile(p, s, a, k, 0.3), "compare with"),
        (lambda p, s, a, k, e: reptile(p, s[:2], a, k, e), "compare with"),
        (lambda p, s, a, k, e: p + e * moves(p, s, a, k).sum() / 2, "compare with"),
        (lambda p, s, a, k, e: reptile(torch.tensor(0.5).double(), s, a, k, e), "compare with"),
    ],
)
def test_another_update_is_recognised(mistake, hint):
    verdict = check_reptile_update(mistake)
    assert not verdict.right
    assert hint in verdict.says


def test_no_answer_is_no_mistake():
    def stub(phi, slopes, alpha, k, epsilon):
        raise NotImplementedError("your turn")

    assert check_reptile_update(stub).says.startswith(NOTHING_YET)
