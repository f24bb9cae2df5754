"""Cold start: how well a new user's next ratings are predicted from the first K of them.

Every method may use what the average user rates (``ColdStart.base``). Closed forms explain the
rest of a user's ratings by a few numbers of each item; MeLU and its kin take steps on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.evaluation.few_shot_score import with_rate
from metalearn_lab.evaluation.ranking import ndcg
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.ratings import QUERIES, SUPPORT, RatingWorld, Users
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task, map_tensors, merge_splits
from metalearn_lab.training.meta_train import meta_train

SHOTS = (0, 1, 2, 5, 10, 20)
"""Numbers of ratings K that methods are judged at."""

USER_MEAN, POPULARITY, OFFSET = "user mean", "popularity", "popularity + user's offset"
RIDGE, FACTORS = "ridge on item features", "matrix factorisation"
FINE_TUNING, FIRST_ORDER, MELU = "pretrain + fine-tune", "first-order MeLU", "MeLU"
METHODS = (USER_MEAN, POPULARITY, OFFSET, RIDGE, FACTORS, FINE_TUNING, FIRST_ORDER, MELU)

DECISION = ("body.2.*", "head.*")
"""The decision layers; ``body.0`` embeds the item and is shared by all users."""

LEARNERS: Mapping[str, tuple[type[GradientLearner], str | tuple[str, ...]]] = {
    FINE_TUNING: (JointPretraining, "*"),
    FIRST_ORDER: (FirstOrderMAML, DECISION),
    MELU: (MAML, DECISION),
}
"""Class, and what its inner steps move."""

PENALTIES, SCALES = (0.3, 1.0, 3.0, 10.0, 30.0), (0.3, 1.0)
RATES, STEPS = (0.01, 0.03, 0.1, 0.3, 1.0), (1, 5)
"""Ten settings to choose from for a user's own part, of closed forms and of gradient steps."""

_PRIOR = 5.0  # ratings that an item's features count for, in its mean
_USERS = 32  # of an outer step


class Setting(NamedTuple):
    """How a user's own part is found.

    Attributes:
        size: the penalty λ of a closed form, or the inner step size α.
        second: the scale of the item's numbers beside a 1, or the number of steps.
    """

    size: float
    second: float


Predict = Callable[[Users, int, Setting], Tensor]
"""Predictions of all ratings from the first K, ``[users, ratings]``."""


class ColdStart:
    """What the average user rates, and what each method makes of a new user.

    Args:
        world: items and users.

    Attributes:
        base: the average user's rating of each item, ``[items]``: the mean of its training
            ratings, and of five made-up ones that a linear model of its features gives.
        mean: of all training ratings.
    """

    def __init__(self, world: RatingWorld) -> None:
        self.world = world
        items, values = world.train.items.flatten(), world.train.values.flatten()
        self.mean = values.mean()
        x = world.features
        gram = x[items].T @ x[items] + torch.eye(x.shape[1])
        weights = torch.linalg.solve(gram, x[items].T @ (values - self.mean))
        prior = self.mean + x @ weights
        self.counts = torch.bincount(items, minlength=len(x)).float()
        sums = torch.zeros(len(x)).index_add(0, items, values)
        self._sums = sums + _PRIOR * prior
        self.base = self._sums / (self.counts + _PRIOR)

    def base_of(self, users: Users) -> Tensor:
        """``base`` of what users rated; of a training user, without that user's own rating."""
        base: Tensor = self.base[users.items]
        if users is self.world.train:
            sums, counts = self._sums[users.items], self.counts[users.items]
            base = (sums - users.values) / (counts - 1 + _PRIOR)
        return base

    def inputs(self, users: Users) -> Tensor:
        """Rated items' features, and base less the mean: ``[users, ratings, d + 1]``."""
        base = (self.base_of(users) - self.mean)[..., None]
        return torch.cat([self.world.features[users.items], base], -1)

    def tasks(self, users: Users, shots: int) -> Task:
        """The first K ratings are the support, all after ``SUPPORT`` the query; less the mean."""
        x, y = self.inputs(users), (users.values - self.mean)[..., None]
        rows = slice(SUPPORT, None)
        return Task(Split(x[:, :shots], y[:, :shots]), Split(x[:, rows], y[:, rows]))

    def training_tasks(self, step: int, seed: int) -> Task:
        """Some training users, each with its ratings in a new order; K changes with the step."""
        train, numbers = self.world.train, generator("cold start", seed, step)
        chosen = torch.randperm(len(train.items), generator=numbers)[:_USERS]
        order = torch.rand(len(chosen), train.items.shape[1], generator=numbers).argsort(1)
        shots = SHOTS[1 + step % (len(SHOTS) - 1)]
        x = self._train_inputs[chosen].gather(1, order[..., None].expand(-1, -1, self.width))
        y = (train.values[chosen].gather(1, order) - self.mean)[..., None]
        rows = slice(shots, shots + QUERIES)
        return Task(Split(x[:, :shots], y[:, :shots]), Split(x[:, rows], y[:, rows]))

    @property
    def width(self) -> int:
        """Numbers of an item that the networks see."""
        return self.world.features.shape[1] + 1

    @property
    def _train_inputs(self) -> Tensor:
        if not hasattr(self, "_kept_inputs"):
            self._kept_inputs = self.inputs(self.world.train)
        return self._kept_inputs

    @one_thread()
    def train(
        self,
        name: str,
        *,
        steps: int,
        seed: int,
        inner_lr: float = 0.1,
        inner_steps: int = 1,
        outer_lr: float = 3e-3,
    ) -> GradientLearner:
        """Train one of ``LEARNERS``.

        Args:
            name: of the method.
            steps: outer steps, of 32 users each.
            seed: of weights and users.
            inner_lr: α in training.
            inner_steps: k in training.
            outer_lr: β of Adam.
        """
        kind, adapts = LEARNERS[name]
        model = MLP([self.width, 32, 32, 1], seed=seed)
        learner = kind(model, F.mse_loss, inner_lr=inner_lr, inner_steps=inner_steps, adapts=adapts)
        merge: Callable[[Task], Task] = merge_splits if kind is JointPretraining else lambda t: t
        meta_train(
            learner,
            lambda i: merge(self.training_tasks(i, seed)),
            iterations=steps,
            optimizer=torch.optim.Adam(learner.parameters(), outer_lr),
            every=steps,
            progress=False,
        )
        return learner

    def stepping(self, learner: GradientLearner) -> Predict:
        """Predictions after inner steps on the first K ratings."""

        def predict(users: Users, shots: int, setting: Setting) -> Tensor:
            x, y = self.inputs(users), (users.values - self.mean)[..., None]
            steps = int(setting.second) if shots else 0
            support = Split(x[:, : max(shots, 1)], y[:, : max(shots, 1)])
            weights = with_rate(learner, setting.size).adapt(support, steps)[-1]
            return self.mean + learner.predict(weights, x)[..., 0]

        return predict

    def closed_form(self, vectors: Tensor) -> Predict:
        """``base`` plus ridge regression of a user's rest on a few numbers of each item.

        Args:
            vectors: those numbers, ``[items, d]``; with d = 0, the user's offset is left.
        """

        def predict(users: Users, shots: int, setting: Setting) -> Tensor:
            base = self.base_of(users)
            x = F.pad(setting.second * vectors[users.items], (1, 0), value=1.0)
            known = x[:, :shots]
            gram = known.mT @ known + setting.size * torch.eye(x.shape[-1])
            rest = (users.values - base)[:, :shots, None]
            own = x @ torch.linalg.solve(gram, known.mT @ rest)
            predicted: Tensor = base + own[..., 0]
            return predicted

        return predict

    def popularity(self, users: Users, shots: int, setting: Setting) -> Tensor:
        """The average user's ratings."""
        return self.base_of(users)

    def user_mean(self, users: Users, shots: int, setting: Setting) -> Tensor:
        """The mean of the user's first K ratings for every item; of all users' for K = 0."""
        known = users.values[:, :shots]
        mean = known.mean(1, keepdim=True) if shots else self.mean.reshape(1, 1)
        return mean.expand_as(users.values)

    def item_factors(self, rank: int, penalty: float, sweeps: int = 10) -> Tensor:
        """Item factors of the training users' rest, by alternating least squares.

        Minimises Σ (r_ui − base_i − b_u − p_u·q_i)² + penalty (‖p‖² + ‖q‖² + b²). A new user is
        folded in by ``closed_form``, with these factors held fixed.

        Args:
            rank: numbers of an item.
            penalty: above 0.
            sweeps: how often users and items take turns.

        Returns:
            ``[items, rank]``; 0 for items that nobody rated.

        Source: Hu, Koren and Volinsky, ICDM 2008, section 4, without confidences.
        """
        train = self.world.train
        shape = (len(train.items), len(self.base))
        mask = torch.zeros(shape).scatter(1, train.items, 1.0)
        rest = torch.zeros(shape).scatter(1, train.items, train.values - self.base_of(train))
        numbers = generator("item factors", rank)
        factors = 0.3 * torch.randn(shape[1], rank, generator=numbers)
        for _ in range(sweeps):
            people = _least_squares(F.pad(factors, (1, 0), value=1.0), mask, rest, penalty)
            offset, people = people[:, :1], people[:, 1:]
            factors = _least_squares(people, mask.T, (mask * (rest - offset)).T, penalty)
        return factors

    def chosen(self, predict: Predict, settings: Sequence[Setting], shots: int) -> Setting:
        """The setting with the smallest error on the validation users."""
        users = self.world.validation

        def error(setting: Setting) -> float:
            return self.errors(predict(users, shots, setting), users).mean().nan_to_num(1e9).item()

        return min(settings, key=error)

    def errors(self, predicted: Tensor, users: Users, queries: slice | None = None) -> Tensor:
        """Mean absolute error of each user's query ratings, ``[users]``; of clicks, squared.

        Args:
            predicted: of all ratings; kept between the lowest and the highest rating here.
            users: who rated.
            queries: which ratings, those of known items when not given.
        """
        rows = KNOWN if queries is None else queries
        allowed = predicted[:, rows].clamp(self.world.lowest, self.world.highest)
        gap = (allowed - users.values[:, rows]).abs()
        return (gap**2 if self.world.clicks else gap).mean(1)

    def judge(self, predict: Predict, shots: int, setting: Setting, at: int = 10) -> dict[str, Any]:
        """Error and nDCG over the test users, on known items and, where there are any, new ones."""
        users = self.world.test
        predicted = predict(users, shots, setting)
        row = {"error": self.errors(predicted, users).mean().item()}
        relevance = users.values[:, KNOWN] - self.world.lowest
        for gain in ("exponential", "linear"):
            row[f"ndcg {gain}"] = ndcg(relevance, predicted[:, KNOWN], at, gain).nanmean().item()
        if users.items.shape[1] > SUPPORT + QUERIES:
            row["error new items"] = self.errors(predicted, users, NEW_ITEMS).mean().item()
        return row


KNOWN, NEW_ITEMS = slice(SUPPORT, SUPPORT + QUERIES), slice(SUPPORT + QUERIES, None)


def settings_of(method: str) -> list[Setting]:
    """The ten to choose from; one, without meaning, where there is nothing to set."""
    if method in (USER_MEAN, POPULARITY):
        return [Setting(0.0, 0.0)]
    grid = (RATES, STEPS) if method in LEARNERS else (PENALTIES, SCALES)
    return [Setting(size, second) for size in grid[0] for second in grid[1]]


def predictors(
    cold: ColdStart, learners: Mapping[str, GradientLearner], rank: int, penalty: float
) -> dict[str, Predict]:
    """How each method predicts, in the order of ``METHODS``.

    Args:
        cold: the average user, and the closed forms.
        learners: trained, by method.
        rank: of the matrix factorisation.
        penalty: of the same.
    """
    features = cold.world.features
    closed = {
        USER_MEAN: cold.user_mean,
        POPULARITY: cold.popularity,
        OFFSET: cold.closed_form(features[:, :0]),
        RIDGE: cold.closed_form(features),
        FACTORS: cold.closed_form(cold.item_factors(rank, penalty)),
    }
    return {**closed, **{name: cold.stepping(learner) for name, learner in learners.items()}}


def chosen_settings(
    cold: ColdStart, methods: Mapping[str, Predict]
) -> dict[str, dict[int, Setting]]:
    """By method and K, the setting that the validation users choose."""
    return {
        name: {shots: cold.chosen(predict, settings_of(name), shots) for shots in SHOTS}
        for name, predict in methods.items()
    }


def cold_start_rows(cold: ColdStart, methods: Mapping[str, Predict]) -> list[dict[str, Any]]:
    """One row for each method and K, judged on the test users."""
    return [
        {
            "method": name,
            "shots": shots,
            **cold.judge(methods[name], shots, setting),
            **setting._asdict(),
        }
        for name, by_shots in chosen_settings(cold, methods).items()
        for shots, setting in by_shots.items()
    ]


def local_step_gaps(cold: ColdStart, shots: int = 5, inner_lr: float = 0.1) -> tuple[float, float]:
    """How far MeLU with a linear model is from its two formulas, on the first test user.

    Let H = 2/K XᵀX be the Hessian of the support loss. The first formula is the local step,
    w − 2α/K Xᵀ(Xw − y). The second is the meta-gradient, (I − αH) times that of first-order MAML.

    Args:
        cold: gives the user.
        shots: K.
        inner_lr: α.

    Returns:
        The largest absolute difference from each, in float64.
    """
    tasks = cold.tasks(cold.world.test, shots)
    user = map_tensors(lambda values: values[:1].double(), tasks)
    model = MLP([cold.width, 1], seed=0).double()
    exact, first_order = (
        kind(model, F.mse_loss, inner_lr=inner_lr, inner_steps=1) for kind in (MAML, FirstOrderMAML)
    )
    x, y = F.pad(user.support.x[0], (0, 1), value=1.0), user.support.y[0]
    start = _flat(dict(model.named_parameters()))
    step = start - inner_lr * 2 / shots * x.T @ (x @ start - y[:, 0])
    adapted = {name: weight[0] for name, weight in exact.adapt(user.support)[-1].items()}
    factor = torch.eye(len(start)).double() - inner_lr * 2 / shots * x.T @ x
    own, without = (
        torch.cat([g.flatten() for g in torch.autograd.grad(each(user), list(each.parameters()))])
        for each in (exact, first_order)
    )
    gaps = (_flat(adapted) - step).abs().max(), (own - factor @ without).abs().max()
    return gaps[0].item(), gaps[1].item()


def _flat(weights: Mapping[str, Tensor]) -> Tensor:
    return torch.cat([weights[name].detach().flatten() for name in ("head.weight", "head.bias")])


def _least_squares(vectors: Tensor, mask: Tensor, targets: Tensor, penalty: float) -> Tensor:
    """Ridge solutions of all rows at once, ``[rows, d]``: row u fits targets where mask is 1."""
    width = vectors.shape[1]
    products = (vectors[:, :, None] * vectors[:, None, :]).flatten(1)
    gram = (mask @ products).reshape(-1, width, width) + penalty * torch.eye(width)
    solved: Tensor = torch.linalg.solve(gram, (targets @ vectors)[..., None])
    return solved[..., 0]
