"""Learned rates, rules and generators: ours beside a plain loop over outer steps, neither compiled.

Both have the same learner's parameters; what is compared is the gradient in all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from importlib import import_module

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.problem import in_precision
from benchmarks.running import Variant, Workload
from benchmarks.workloads.pools import POOL, pool
from benchmarks.workloads.sinusoids import batch, network
from benchmarks.workloads.w4 import sentence_features
from metalearn_lab.experiments.prior_fitted_lab import line_network
from metalearn_lab.learners.hyper_lora import HyperLoRA
from metalearn_lab.learners.hypernetwork import Hypernetwork
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.meta_lstm import MetaLSTM
from metalearn_lab.learners.meta_networks import MetaNetworks
from metalearn_lab.learners.neural_process import NeuralProcess
from metalearn_lab.learners.prior_fitted import PriorFitted
from metalearn_lab.models.lora import with_lora
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.set_encoder import SetEncoder
from metalearn_lab.models.weight_generators import FullWeights, ScaleAndShift, WeightGenerator
from metalearn_lab.tasks.lines import Lines
from metalearn_lab.tasks.types import Task
from metalearn_lab.training.outer_step import OuterStep

EMBEDDING, WAYS, FEATURES = 64, 5, 384


def encoder() -> SetEncoder:
    """Of the sinusoids' points."""
    return SetEncoder([2, 64, 64, EMBEDDING])


def generated(generator: type[WeightGenerator]) -> Hypernetwork:
    """A hypernetwork for the sinusoids' network."""
    base = network()
    made = generator(base, [EMBEDDING, 64])
    return Hypernetwork(base, F.mse_loss, encoder=encoder(), generator=made)


def neural_process() -> NeuralProcess:
    """With a decoder of about the encoder's size."""
    return NeuralProcess(MLP([1 + EMBEDDING, 64, 64, 2]), encoder=encoder())


def prior_fitted() -> PriorFitted:
    """Chapter 15's for lines; its head is no longer 0, before which nothing has a gradient."""
    learner = line_network()
    head = learner.model.tokens.head.weight
    nn.init.normal_(head, std=0.1, generator=torch.Generator().manual_seed(0))
    return learner


@lru_cache(maxsize=POOL)
def lines(iteration: int) -> Task:
    """One of a few batches made beforehand, in turn."""
    return Lines(shots=20, queries=10).batch(48 * iteration, 48)


def meta_lstm() -> MetaLSTM:
    """Five inner steps; the gates' weights are no longer 0, where they would have nothing to do."""
    learner = MetaLSTM(network(), F.mse_loss, inner_steps=5, first_rate=0.01)
    nn.init.normal_(learner.gate_weights, std=0.1, generator=torch.Generator().manual_seed(0))
    return learner


def meta_networks() -> MetaNetworks:
    """Fast weights of the head alone; the generator's last layer is no longer 0."""
    learner = MetaNetworks(MLP([FEATURES, 64, WAYS]), F.cross_entropy, fast_layers=("head",))
    head = learner.generator.head.weight
    nn.init.normal_(head, std=0.1, generator=torch.Generator().manual_seed(0))
    return learner


def hyper_lora() -> HyperLoRA:
    """Rank 4, beside one frozen layer; what emits the adapters is no longer 0."""
    base = nn.Sequential(nn.Linear(FEATURES, FEATURES)).requires_grad_(False)
    nn.init.eye_(base[0].weight), nn.init.zeros_(base[0].bias)
    model = with_lora(base, ["0"], rank=4, lora_alpha=4)[0]
    learner = HyperLoRA(model, F.cross_entropy, ways=WAYS, inputs=FEATURES)
    nn.init.normal_(learner.emit.weight, std=0.01, generator=torch.Generator().manual_seed(0))
    return learner


TEXT = pool(sentence_features, tasks=16, shots=5)


class Plain:
    """The loop: zero_grad, a plain meta-loss, backward, step."""

    def __init__(
        self,
        make: Callable[[], Learner],
        loss: str,
        batches: Callable[[int], Task],
        dtype: torch.dtype,
    ) -> None:
        self.learner, self.batches, self.dtype = make().to(dtype), batches, dtype
        self.loss = getattr(import_module("benchmarks.peers.plain_losses"), loss)
        self.parameters = {n: p for n, p in self.learner.named_parameters() if p.requires_grad}
        self.adam = torch.optim.Adam(self.parameters.values(), lr=1e-3, fused=True)
        self.iteration = 0

    def backward(self, tasks: Task) -> None:
        """The meta-gradient into ``.grad``."""
        self.loss(self.learner, tasks).backward()

    def result(self) -> dict[str, Tensor]:
        """The meta-gradient of the first batch."""
        self.learner.zero_grad()
        self.backward(in_precision(self.batches(0), self.dtype))
        return {name: p.grad.clone() for name, p in self.parameters.items() if p.grad is not None}

    def steps(self, count: int) -> None:
        """Batch, meta-gradient, Adam; again."""
        for _ in range(count):
            self.adam.zero_grad()
            self.backward(self.batches(self.iteration))
            self.adam.step()
            self.iteration += 1


class Ours(Plain):
    """``OuterStep`` on the same learner."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.outer = OuterStep(self.learner, self.adam)

    def backward(self, tasks: Task) -> None:
        """The learner's own meta-loss."""
        self.learner(tasks).backward()

    def steps(self, count: int) -> None:
        """Batch and outer step; again."""
        for _ in range(count):
            self.outer.step(self.batches(self.iteration))
            self.iteration += 1


def workload(
    name: str,
    title: str,
    make: Callable[[], Learner],
    batches: Callable[[int], Task],
    loss: str,
) -> Workload:
    """Ours beside the plain loop, on one thread."""
    return Workload(
        f"learned-{name}",
        title,
        lambda: Plain(make, loss, batches, torch.float64).result(),
        (
            Variant("ours, not compiled", "ours", partial(Ours, make, loss, batches)),
            Variant("plain PyTorch loop", "peer", partial(Plain, make, loss, batches)),
        ),
        target=1.5,
        exact_dtype=torch.float64,
        threads=1,
    )


SINUSOIDS = "25 sinusoids × (10+10)"
TEXTS = "16 tasks, 5-way 5-shot, 15 query, 384 numbers"
WORKLOADS = (
    partial(
        workload,
        "full",
        f"hypernetwork, all weights, {SINUSOIDS}",
        partial(generated, FullWeights),
        batch,
        "hypernetwork",
    ),
    partial(
        workload,
        "film",
        f"hypernetwork, FiLM, {SINUSOIDS}",
        partial(generated, ScaleAndShift),
        batch,
        "scale_and_shift",
    ),
    partial(
        workload, "cnp", f"neural process, {SINUSOIDS}", neural_process, batch, "neural_process"
    ),
    partial(
        workload,
        "context",
        "prior-fitted Transformer, 2 layers, d=32, 48 lines × (20+10)",
        prior_fitted,
        lambda iteration: lines(iteration % POOL),
        "prior_fitted",
    ),
    partial(workload, "lstm", f"meta-LSTM, 5 steps, {SINUSOIDS}", meta_lstm, batch, "meta_lstm"),
    partial(workload, "metanet", f"Meta Networks, {TEXTS}", meta_networks, TEXT, "meta_networks"),
    partial(workload, "lora", f"HyperLoRA, rank 4, {TEXTS}", hyper_lora, TEXT, "hyper_lora"),
)
