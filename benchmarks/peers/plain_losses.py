"""Meta-losses of learned rates and generators in plain PyTorch, all tasks of a batch at once.

Each is written out for the one network of its workload, ``MLP([inputs, …, outputs])``, with batched
matrix products in place of ``torch.func``. The parameters are those of a learner of this package,
and its networks of shared weights are called as they are.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.tasks.types import Split, Task

Layers = list[tuple[Tensor, Tensor]]
"""Weight and bias of each dense layer, with or without an axis of tasks in front."""


def layers_of(model: nn.Module) -> Layers:
    """The dense layers of a network, in order."""
    dense = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    return [(layer.weight, layer.bias) for layer in dense]


def each_their_own(x: Tensor, layers: Layers) -> Tensor:
    """Outputs of networks of ReLU units, one for each task: x ``[tasks, items, inputs]``."""
    for i, (weight, bias) in enumerate(layers):
        x = torch.baddbmm(bias[:, None], x, weight.mT)
        if i < len(layers) - 1:
            x = x.relu()
    return x


def cut(numbers: Tensor, layers: Layers) -> Layers:
    """Numbers ``[tasks, count]`` in the shapes of some layers, one set a task."""
    parts = iter(numbers.split([w.numel() for layer in layers for w in layer], 1))
    return [
        (next(parts).view(-1, *weight.shape), next(parts).view(-1, *bias.shape))
        for weight, bias in layers
    ]


def embedding(encoder: nn.Module, support: Split) -> Tensor:
    """The mean code of each support set, ``[tasks, embedding]``."""
    return encoder.items(torch.cat([support.x, support.y], -1) / encoder.scale).mean(1)


def hypernetwork(learner: nn.Module, tasks: Task) -> Tensor:
    """θ + g(z), a number for each weight."""
    theta = layers_of(learner.model)
    numbers = learner.generator.network(embedding(learner.encoder, tasks.support))
    moved = [
        (weight + dw, bias + db)
        for (weight, bias), (dw, db) in zip(theta, cut(numbers, theta), strict=True)
    ]
    return F.mse_loss(each_their_own(tasks.query.x, moved), tasks.query.y)


def scale_and_shift(learner: nn.Module, tasks: Task) -> Tensor:
    """(1 + γ) ∘ (Wx + b) + δ in each hidden layer."""
    numbers = learner.generator.network(embedding(learner.encoder, tasks.support))[:, None]
    *hidden, (weight, bias) = layers_of(learner.model)
    h, units = tasks.query.x, [len(b) for _, b in hidden for _ in range(2)]
    parts = iter(numbers.split(units, -1))
    for w, b in hidden:
        h = ((1 + next(parts)) * F.linear(h, w, b) + next(parts)).relu()
    return F.mse_loss(F.linear(h, weight, bias), tasks.query.y)


def neural_process(learner: nn.Module, tasks: Task) -> Tensor:
    """−log N(y; μ, σ²) of the query, with σ = 0.1 + 0.9 softplus."""
    x, y = tasks.query
    z = embedding(learner.encoder, tasks.support)[:, None].expand(-1, x.shape[1], -1)
    mean, s = learner.model(torch.cat([x, z], -1)).chunk(2, -1)
    width = 0.1 + 0.9 * F.softplus(s)
    return (((y - mean) / width) ** 2 / 2 + width.log()).mean() + math.log(2 * math.pi) / 2


def prior_fitted(learner: nn.Module, tasks: Task) -> Tensor:
    """A Transformer by PyTorch's fused attention: points and questions read the points."""
    model = learner.model.tokens
    known = F.pad(torch.cat(tasks.support, -1) / learner.model.scale, (0, 1), value=1.0)
    asked = F.pad(tasks.query.x / learner.model.scale, (0, 2))
    h = F.linear(torch.cat([known, asked], 1), model.embedding.T) + model.position
    reads = torch.eye(h.shape[1], dtype=torch.bool)
    reads[:, : known.shape[1]] = True
    for layer in model.layers:
        attention = layer.attention
        rows = F.linear(F.layer_norm(h, h.shape[-1:]), *weights(attention.query_key_value))
        parts = rows.unflatten(-1, (3, attention.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*parts, attn_mask=reads)
        h = h + F.linear(mixed.transpose(1, 2).flatten(-2), *weights(attention.out))
        wide = F.linear(F.layer_norm(h, h.shape[-1:]), *weights(layer.widen)).relu()
        h = h + F.linear(wide, *weights(layer.narrow))
    outputs = model.head(F.layer_norm(h, h.shape[-1:])[:, known.shape[1] :])
    mean, width = outputs[..., :1], 0.1 + 0.9 * F.softplus(outputs[..., 1:])
    surprise = ((tasks.query.y - mean) / width) ** 2 / 2 + width.log()
    return surprise.mean() + math.log(2 * math.pi) / 2


def weights(dense: nn.Linear) -> tuple[Tensor, Tensor]:
    """Weight and bias, for PyTorch's own dense layer in place of ours."""
    return dense.weight, dense.bias


def meta_lstm(learner: nn.Module, tasks: Task) -> Tensor:
    """The gates read log and sign of gradient and loss, the weight, and themselves."""
    (x, y), scale, p = tasks.support, learner.largest_rate, 10.0
    w, b = learner.gate_weights, learner.gate_biases
    flat = torch.cat([part.flatten() for layer in layers_of(learner.model) for part in layer])
    shapes = layers_of(learner.model)
    theta = flat.expand(len(x), -1)
    gates = b.sigmoid()[:, None, None].expand(2, *theta.shape)
    for _ in range(learner.inner_steps):
        losses = ((each_their_own(x, cut(theta, shapes)) - y) ** 2).mean((1, 2))
        (gradient,) = torch.autograd.grad(losses.sum(), theta, create_graph=True)
        read = [*log_and_sign(gradient, p), *log_and_sign(losses[:, None], p), theta]
        sums = [sum(v * part for v, part in zip(row, read, strict=False)) for row in w]
        gates = torch.stack(
            [(s + row[5] * g + c).sigmoid() for s, row, g, c in zip(sums, w, gates, b, strict=True)]
        )
        theta = gates[0] * theta - scale * gates[1] * gradient
    return F.mse_loss(each_their_own(tasks.query.x, cut(theta, shapes)), tasks.query.y)


def log_and_sign(gradient: Tensor, p: float) -> tuple[Tensor, Tensor]:
    """(log ǀgǀ / p, sign g) if ǀgǀ ≥ e⁻ᵖ, else (−1, eᵖ g)."""
    size = gradient.abs().clamp(min=1e-30).log() / p
    return size.clamp(min=-1), (gradient * math.exp(p)).clamp(-1, 1)


def meta_networks(learner: nn.Module, tasks: Task) -> Tensor:
    """A memory of fast weights of the head, made of each support item's own gradient."""
    (x, y), (query, labels) = tasks
    (w1, b1), (w2, b2) = layers_of(learner.model)
    with torch.no_grad():  # ∂L/∂outputs = softmax − one-hot, and a head's gradient is its product
        h = F.linear(x, w1, b1).relu()
        wrong = F.linear(h, w2, b2).softmax(-1) - F.one_hot(y, len(b2))
        of_each = torch.cat([(wrong[..., None] * h[:, :, None]).flatten(2), wrong], -1)
    fast = learner.generator(torch.stack(log_and_sign(of_each, 7.0), -1))[..., 0]
    keys, asked = (F.normalize(learner.key(each), dim=-1) for each in (x, query))
    read = (asked @ keys.mT).softmax(-1) @ fast
    dw, db = read.split([w2.numel(), len(b2)], -1)
    h = F.linear(query, w1, b1).relu()
    outputs = F.linear(h, w2, b2) + (dw.unflatten(-1, w2.shape) @ h[..., None])[..., 0] + db
    return F.cross_entropy(outputs.flatten(0, 1), labels.flatten())


def hyper_lora(learner: nn.Module, tasks: Task) -> Tensor:
    """Adapters from the class means of the inputs, then prototypes."""
    (x, y), (query, labels) = tasks
    shares = F.one_hot(y, learner.ways).to(x)
    shares = (shares / shares.sum(1, keepdim=True)).mT
    layer = learner.model
    numbers = learner.emit(learner.embed(shares @ x).mean(1))
    a, b = (
        (part.view(len(x), *w.shape) + w)
        for part, w in zip(
            numbers.split([layer.lora_A.numel(), layer.lora_B.numel()], 1),
            (layer.lora_A, layer.lora_B),
            strict=True,
        )
    )

    def features(inputs: Tensor) -> Tensor:
        return layer.base(inputs) + layer.scale * (inputs @ a.mT) @ b.mT

    prototypes = shares @ features(x)
    scores = -((features(query)[:, :, None] - prototypes[:, None]) ** 2).sum(-1)
    return F.cross_entropy(scores.flatten(0, 1), labels.flatten())
