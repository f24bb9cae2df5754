"""Models that would make a learner wrong without a word, and are refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from metalearn_lab.running.per_task import PerTask
from metalearn_lab.running.traits import Traits

_RECOMPUTED = (
    "the model recomputes activations in the backward pass, as torch.utils.checkpoint does, and "
    "would do so at its own weights and not at the fast weights: take the checkpointing out; "
    "replay=True and mapping='loop' bound the memory of an inner loop"
)


def check_initialised(model: nn.Module) -> None:
    """Refuse lazy layers that do not know their sizes yet.

    Raises:
        ValueError: names their parameters.
    """
    lazy = [name for name, parameter in model.named_parameters() if is_lazy(parameter)]
    if lazy:
        raise ValueError(
            f"{', '.join(lazy)} of a lazy layer have no shape yet: run the model once on example "
            "inputs of one task, model(x), before it is given to a learner"
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
    if traits.written:
        raise ValueError(
            f"the model writes {', '.join(sorted(traits.written))} in its forward, which would "
            "carry one task's data into the next: leave that out, or call eval() on the layer if "
            "it then stops"
        )
    cut = [name for name in learner.adapted_names if name in traits.cut]
    if cut and learner.inner_steps:
        raise ValueError(
            f"the model reads {', '.join(cut)}, but no gradient comes back, so the inner "
            "loop would never move them: look for detach, no_grad, NumPy or reentrant "
            "checkpointing in its forward, or leave them out of `adapts`"
        )
    if traits.once and learner.differentiates_twice and torch.is_grad_enabled():
        raise ValueError(
            f"PyTorch has no right second derivative of {', '.join(sorted(traits.once))}, which "
            f"{type(learner).__name__} needs: write it out in plain operations, or take a "
            "first-order learner"
        )
    if traits.unrepeatable and learner.replay:
        raise ValueError(
            "the model gives other outputs when it is run again, though the streams of random "
            "numbers were set back, as with a generator or a counter of its own, so a replayed "
            "step would be another: leave replay out"
        )
    wrong = traits.wrong or (traits.wrong_twice if learner.differentiates_twice else None)
    if wrong and learner.mapping == "vmap" and learner.refuses_what_vmap_gets_wrong:
        raise ValueError(f"{wrong}: use mapping='loop', or leave mapping out")


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
