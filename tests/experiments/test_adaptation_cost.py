"""Multiplications are those counted by hand, for steps, generated weights and a context."""

from torch.nn import functional as F

from metalearn_lab.experiments.adaptation_cost import adaptation_cost
from metalearn_lab.learners.hypernetwork import Hypernetwork
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.prior_fitted import PriorFitted
from metalearn_lab.models.context_transformer import ContextTransformer
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.set_encoder import SetEncoder
from metalearn_lab.models.weight_generators import FullWeights
from metalearn_lab.tasks.sinusoids import Sinusoids

TASKS = Sinusoids(5, 3).batch(0, 2)


def test_inner_steps_go_forward_and_back():
    learner = MAML(MLP([1, 8, 8, 1]), F.mse_loss, inner_lr=0.1, inner_steps=1)
    products = 8 + 64 + 8
    for steps in (1, 3):
        cost = adaptation_cost(learner, TASKS, steps)
        # Outputs, gradients of weights, and of inputs in all layers but the first.
        assert cost.to_adapt == steps * 5 * (3 * products - 8)
        assert cost.to_answer == products
        assert cost.kept == cost.trained == 8 + 8 + 64 + 8 + 8 + 1


def test_a_hypernetwork_pays_for_its_encoder_and_its_outputs():
    base = MLP([1, 4, 1])
    generator, encoder = FullWeights(base, [6, 10]), SetEncoder([2, 7, 6])
    cost = adaptation_cost(
        Hypernetwork(base, F.mse_loss, encoder=encoder, generator=generator), TASKS, 0
    )
    assert cost.to_adapt == 5 * (2 * 7 + 7 * 6) + 6 * 10 + 10 * 13
    assert (cost.kept, cost.to_answer) == (13, 8)
    # Forward once; back through weights and inputs, but not to the inputs of the first layers.
    forward = cost.to_adapt + 3 * cost.to_answer
    assert cost.to_train == 3 * forward - 5 * 2 * 7 - 3 * 4


def test_a_context_is_kept_as_it_is_and_read_with_the_question():
    reader = ContextTransformer(1, 1, 2, dim=8, layers=2, heads=2, hidden=12)
    cost = adaptation_cost(PriorFitted(reader), TASKS, 0)
    tokens = 5 + 1
    layer = tokens * (8 * 24 + 8 * 8 + 2 * 8 * 12) + 2 * tokens**2 * 8
    assert (cost.kept, cost.to_adapt) == (10, 0)
    assert cost.to_answer == tokens * (3 * 8 + 8 * 2) + 2 * layer
    assert 2 * cost.to_answer < cost.to_train < 6 * cost.to_answer
