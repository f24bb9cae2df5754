"""Which normalisation layers a learner may be given, and why others are refused.

``torch.func.vmap`` returns a silently wrong second derivative through batch norm on batch
statistics, affine layer norm and instance norm (relative error of the meta-gradient about 0.8 in
float64 on a small convolution, torch 2.13). Group norm, layer norm without an affine part, and a
norm written out with ``torch.var_mean`` are exact. Without ``vmap``, or without second
derivatives, all are exact.

Layers are found by their class: a model that calls ``F.batch_norm`` or ``F.layer_norm`` itself is
not seen here, but ``check_meta_gradient`` catches it.
"""

from __future__ import annotations

from torch import nn

from metalearn_lab.models.task_norms import TaskBatchNorm

# The bases of every dimension, of the synchronised and of the lazy kinds.
_BATCH = (nn.modules.batchnorm._BatchNorm,)
_INSTANCE = (nn.modules.instancenorm._InstanceNorm,)


def check_norms(
    model: nn.Module, *, vectorised: bool, second_order: bool, transductive: bool
) -> None:
    """Refuse a model whose norms would make the learner wrong without a word.

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
    running = [name for name, norm in norms.items() if getattr(norm, "track_running_stats", False)]
    shared = [name for name, norm in norms.items() if isinstance(norm, (*_BATCH, TaskBatchNorm))]
    inexact = [
        name
        for name, norm in norms.items()
        if isinstance(norm, (*_BATCH, *_INSTANCE)) or getattr(norm, "elementwise_affine", False)
    ]
    if running:
        raise ValueError(
            f"{', '.join(running)} keeps running statistics, which would carry one task's data "
            "into the next: pass track_running_stats=False"
        )
    if shared and not transductive:
        raise ValueError(
            f"{', '.join(shared)} normalises each query item by the others, so predictions "
            "depend on who else is asked: use GroupNorm, or say transductive=True"
        )
    if inexact and vectorised and second_order:
        raise ValueError(
            f"torch.func.vmap gives a wrong second derivative through {', '.join(inexact)}: use "
            "GroupNorm or LayerNorm(elementwise_affine=False), or mapping='loop'"
        )
