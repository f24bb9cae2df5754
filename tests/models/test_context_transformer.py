"""A context is a set, and answers do not depend on each other."""

import torch

from metalearn_lab.models.context_transformer import ContextTransformer


def network(**settings):
    model = ContextTransformer(2, 1, 3, dim=8, layers=2, heads=2, hidden=12, **settings).double()
    numbers = torch.Generator().manual_seed(1)
    torch.nn.init.normal_(model.tokens.head.weight, generator=numbers)  # which starts at zero
    return model


def points(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_the_order_of_the_known_points_changes_nothing():
    model, x, y, asked = network(), points(4, 5, 2), points(4, 5, 1), points(4, 3, 2) + 1
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(model(x[:, order], y[:, order], asked), model(x, y, asked))


def test_an_answer_depends_on_the_known_points_alone():
    model, x, y, asked = network(), points(4, 5, 2), points(4, 5, 1), points(4, 3, 2) + 1
    together = model(x, y, asked)
    alone = torch.cat([model(x, y, asked[:, i : i + 1]) for i in range(3)], 1)
    torch.testing.assert_close(together, alone)
    assert (model(x, y + 1, asked) - together).abs().max() > 1e-3
    assert (model(x[:, :4], y[:, :4], asked) - together).abs().max() > 1e-3


def test_it_can_be_asked_without_points():
    asked = points(1, 4, 2)
    answers = network()(points(1, 0, 2), points(1, 0, 1), asked)
    assert answers.shape == (1, 4, 3)
    assert answers.isfinite().all()


def test_a_target_of_zero_is_not_an_unknown_one():
    model, x, asked = network(), points(1, 1, 2), points(1, 1, 2)
    none = torch.zeros(1, 0, 1).double()
    of_zero = model(x, torch.zeros(1, 1, 1).double(), asked)
    assert (of_zero - model(x[:, :0], none, asked)).abs().max() > 1e-3


def test_inputs_and_targets_are_divided_by_the_scale():
    x, y, asked = points(2, 5, 2), points(2, 5, 1), points(2, 3, 2)
    scaled = network(scale=4.0)(4 * x, 4 * y, 4 * asked)
    torch.testing.assert_close(scaled, network()(x, y, asked))


def test_a_question_counts_the_points_and_a_point_does_not():
    model, x, y, asked = network(), points(4, 5, 2), points(4, 5, 1), points(4, 3, 2) + 1
    twice = (torch.cat([x, x], 1), torch.cat([y, y], 1))
    assert (model(*twice, asked) - model(x, y, asked)).abs().max() > 1e-3
    # Softmax over every point twice reads what it read before; a question reads itself once.
    tokens = torch.nn.functional.pad(torch.cat([x, y], -1), (0, 1), value=1.0)
    once = model.tokens.features(tokens)
    torch.testing.assert_close(model.tokens.features(tokens.repeat(1, 2, 1))[:, :5], once)
