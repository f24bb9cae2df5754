"""Models that would make a learner wrong without a word, and are refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from metalearn_lab.models.task_norms import TaskBatchNorm
from metalearn_lab.running.per_task import PerTask
from metalearn_lab.running.traits import Traits

_RECOMPUTED = (
    "the model recomputes activations in the backward pass, as torch.utils.checkpoint does, and "
    "would do so at its own weights and not at the fast weights: take the checkpointing out; "
    "replay=True and mapping='loop' bound the memory of an inner loop"
)

# The bases of every dimension, of the synchronised and of the lazy kinds.
_BATCH = (nn.modules.batchnorm._BatchNorm,)
_INSTANCE = (nn.modules.instancenorm._InstanceNorm,)


def check_initialised(model: nn.Module) -> None:
    """Refuse lazy layers that do not know their sizes yet.

    Raises:
        ValueError: names their parameters.
    """
    lazy_names = [name for name, parameter in model.named_parameters() if is_lazy(parameter)]
    if lazy_names:
        raise ValueError(
            f"{', '.join(lazy_names)} of a lazy layer have no shape yet: run the model once on "
            "example inputs of one task, model(x), before it is given to a learner"
        )


def check_norms(
    model: nn.Module, *, vectorised: bool, second_order: bool, transductive: bool
) -> None:
    """Refuse a model whose norms would make the learner wrong without a word.

    ``torch.func.vmap`` returns a silently wrong second derivative through batch norm on batch
    statistics, affine layer norm and instance norm (relative error of the meta-gradient about 0.8
    in float64 on a small convolution, torch 2.13). Group norm, layer norm without an affine part,
    and a norm written out with ``torch.var_mean`` are exact. Without ``vmap``, or without second
    derivatives, all are exact.

    Layers are found by their class: a model that calls ``F.batch_norm`` or ``F.layer_norm`` itself
    is not seen here, but ``check_meta_gradient`` catches it.

    Raises:
        ValueError: the model keeps running statistics; or shares statistics between query items
            and ``transductive`` was not asked for; or its second derivative is wrong under
            ``vmap``.
    """
    norms = {
        f"{name or 'model'} ({type(layer).__name__})": layer
        for name, layer in model.named_modules()
        if isinstance(layer, (*_BATCH, *_INSTANCE, nn.LayerNorm, TaskBatchNorm))
    }
    running_names = [
        name for name, norm in norms.items() if getattr(norm, "track_running_stats", False)
    ]
    shared_names = [
        name for name, norm in norms.items() if isinstance(norm, (*_BATCH, TaskBatchNorm))
    ]
    inexact_names = [
        name
        for name, norm in norms.items()
        if isinstance(norm, (*_BATCH, *_INSTANCE)) or getattr(norm, "elementwise_affine", False)
    ]
    if running_names:
        raise ValueError(
            f"{', '.join(running_names)} keeps running statistics, which would carry one task's "
            "data into the next: pass track_running_stats=False"
        )
    if shared_names and not transductive:
        raise ValueError(
            f"{', '.join(shared_names)} normalises each query item by the others, so predictions "
            "depend on who else is asked: use GroupNorm, or say transductive=True"
        )
    if inexact_names and vectorised and second_order:
        raise ValueError(
            f"torch.func.vmap gives a wrong second derivative through {', '.join(inexact_names)}: "
            "use GroupNorm or LayerNorm(elementwise_affine=False), or mapping='loop'"
        )


def check_traits(learner: PerTask, traits: Traits | None) -> None:
    """Refuse a model for what it was seen to do (see ``running.traits``).

    Raises:
        ValueError: it writes its own state in ``forward``; reads adapted parameters that get no
            gradient; cannot be repeated, though steps are to be replayed; the learner needs a
            second derivative that PyTorch does not have; or ``mapping="vmap"`` was asked for and
            is wrong for it.
    """
    if traits is None:
        return
    if traits.written_names:
        raise ValueError(
            f"the model writes {', '.join(sorted(traits.written_names))} in its forward, which "
            "would carry one task's data into the next: leave that out, or call eval() on the "
            "layer if it then stops"
        )
    cut_names = [name for name in learner.adapted_names if name in traits.cut_names]
    if cut_names and learner.inner_steps:
        raise ValueError(
            f"the model reads {', '.join(cut_names)}, but no gradient comes back, so the inner "
            "loop would never move them: look for detach, no_grad, NumPy or reentrant "
            "checkpointing in its forward, or leave them out of `adapts`"
        )
    if traits.no_second_derivative and learner.differentiates_twice and torch.is_grad_enabled():
        raise ValueError(
            "PyTorch has no right second derivative of "
            f"{', '.join(sorted(traits.no_second_derivative))}, which "
            f"{type(learner).__name__} needs: write it out in plain operations, or take a "
            "first-order learner"
        )
    if traits.is_unrepeatable and learner.replay:
        raise ValueError(
            "the model gives other outputs when it is run again, though the streams of random "
            "numbers were set back, as with a generator or a counter of its own, so a replayed "
            "step would be another: leave replay out"
        )
    vmap_fault = traits.vmap_fault or (
        traits.second_order_vmap_fault if learner.differentiates_twice else None
    )
    if vmap_fault and learner.mapping == "vmap" and learner.refuses_what_vmap_gets_wrong:
        raise ValueError(f"{vmap_fault}: use mapping='loop', or leave mapping out")


@contextmanager
def recomputing_refused() -> Iterator[None]:
    """Nothing inside may be recomputed in the backward pass, when other weights are in place.

    Raises:
        RuntimeError: on the attempt.
    """
    if torch.compiler.is_compiling() or not torch.is_grad_enabled():
        yield
        return
    graph = torch._C._autograd
    before = graph._saved_tensors_hooks_get_disabled_error_message()
    # Hooks that the caller set around the whole learner stay.
    graph._saved_tensors_hooks_disable(_RECOMPUTED, False)
    try:
        yield
    finally:
        if before is None:
            graph._saved_tensors_hooks_enable()
        else:
            graph._saved_tensors_hooks_disable(before, False)
