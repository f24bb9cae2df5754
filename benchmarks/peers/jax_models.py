"""The networks in JAX, on weights under the names that PyTorch gives them."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

Weights = dict[str, Array]

HEADS = 4


def dense(weights: Weights, name: str, x: Array) -> Array:
    """``nn.Linear``."""
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def mlp(weights: Weights, x: Array) -> Array:
    """``metalearn_lab.models.mlp.MLP``, with ReLU."""
    for layer in numbered(weights, "body."):
        x = jax.nn.relu(dense(weights, f"body.{layer}", x))
    return dense(weights, "head", x)


def transformer(weights: Weights, ids: Array) -> Array:
    """``metalearn_lab.models.transformer.Transformer``."""
    present = (ids != 0).astype(weights["body.embedding"].dtype)
    h = weights["body.embedding"][ids] + weights["body.position"][: ids.shape[-1]]
    mask = ((present - 1) * 1e9)[:, None, None, :]
    for layer in numbered(weights, "body.layers."):
        name = f"body.layers.{layer}"
        h = h + attention(weights, f"{name}.attention", normalised(h), mask)
        wide = jax.nn.relu(dense(weights, f"{name}.widen", normalised(h)))
        h = h + dense(weights, f"{name}.narrow", wide)
    share = present / jnp.maximum(present.sum(-1, keepdims=True), 1)
    return dense(weights, "head", (normalised(h) * share[..., None]).sum(-2))


def attention(weights: Weights, name: str, h: Array, mask: Array) -> Array:
    """softmax(Q Kᵀ / √d) V in several heads."""
    items, length, dim = h.shape
    split = dense(weights, f"{name}.query_key_value", h)
    split = split.reshape(items, length, 3, HEADS, dim // HEADS)
    query, key, value = split.transpose(2, 0, 3, 1, 4)
    scores = query @ key.swapaxes(-1, -2) / (dim // HEADS) ** 0.5 + mask
    mixed = jax.nn.softmax(scores) @ value
    return dense(weights, f"{name}.out", mixed.swapaxes(1, 2).reshape(items, length, dim))


def normalised(h: Array, epsilon: float = 1e-5) -> Array:
    """Layer norm without scale and shift."""
    centred = h - h.mean(-1, keepdims=True)
    return centred * lax.rsqrt((centred**2).mean(-1, keepdims=True) + epsilon)


def conv4(weights: Weights, x: Array) -> Array:
    """``metalearn_lab.models.conv4.Conv4`` with batch norm, channels last."""
    x = x.transpose(0, 2, 3, 1)
    for layer in numbered(weights, "body."):
        z = conv3x3(x, weights[f"body.{layer}.conv.weight"])
        scale, shift = weights[f"body.{layer}.norm.weight"], weights[f"body.{layer}.norm.bias"]
        x = max_pool(jax.nn.relu(batch_norm(z) * scale + shift))
    return dense(weights, "head", x.reshape(x.shape[0], -1))


def conv3x3(x: Array, kernel: Array) -> Array:
    """A convolution as a matrix product over patches: on CPU several times XLA's own."""
    height, width = x.shape[1:3]
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    shifted = [padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    matrix = kernel.transpose(2, 3, 1, 0).reshape(-1, kernel.shape[0])
    return jnp.concatenate(shifted, -1) @ matrix


def batch_norm(z: Array, epsilon: float = 1e-5) -> Array:
    """Each channel by its own mean and variance over the split."""
    centred = z - z.mean((0, 1, 2))
    return centred * lax.rsqrt((centred**2).mean((0, 1, 2)) + epsilon)


def max_pool(x: Array) -> Array:
    """2×2, odd rows and columns left out.

    Not ``x.max(axes)``: its derivative looks for the item that *equals* the maximum, and where
    XLA computes the two with different rounding none does, which gives NaN.
    """
    height, width = (size // 2 * 2 for size in x.shape[1:3])
    corners = [x[:, i:height:2, j:width:2] for i in range(2) for j in range(2)]
    return jnp.maximum(jnp.maximum(*corners[:2]), jnp.maximum(*corners[2:]))


def numbered(weights: Weights, prefix: str) -> list[int]:
    """The numbers that follow a prefix in the weights' names."""
    return sorted({int(n[len(prefix) :].split(".")[0]) for n in weights if n.startswith(prefix)})


FORWARD: dict[str, Callable[[Weights, Array], Array]] = {
    "mlp": mlp,
    "conv4": conv4,
    "transformer": transformer,
}
