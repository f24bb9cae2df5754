"""Whether an optimiser moves what is to be learned, and nothing that a run could not keep."""

from __future__ import annotations

from torch import nn
from torch.optim import LBFGS, Optimizer

from metalearn_lab.learners.learner import Learner

_MOST_NAMES = 5


def check_learner(learner: object) -> None:
    """Refuse what is no learner, and what hides one.

    Raises:
        TypeError: says what to give instead.
    """
    if isinstance(learner, Learner):
        return
    inner = (
        next((m for m in learner.modules() if isinstance(m, Learner)), None)
        if isinstance(learner, nn.Module)
        else None
    )
    if inner is None:
        raise TypeError(f"a learner is needed, as MAML(model, loss, ...), not {type(learner)}")
    raise TypeError(
        f"the learner is wrapped in {type(learner).__name__}: give the learner itself. For several "
        "processes meta_train does what such a wrapper does (see training.process_group), and "
        "compiled=True compiles"
    )


def check_optimizer(learner: Learner, optimizer: Optimizer) -> None:
    """Refuse an optimiser that would leave a trainable parameter of the learner where it is.

    Raises:
        TypeError: the learner is none, or the optimiser evaluates the loss by itself.
        ValueError: names the parameters that are in no group, and says what to do.
    """
    check_learner(learner)
    if isinstance(optimizer, LBFGS):
        raise TypeError("LBFGS evaluates the loss by itself: use SGD, Adam or the like")
    moved_ids = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    left_names = [
        name
        for name, parameter in learner.named_parameters()
        if parameter.requires_grad and id(parameter) not in moved_ids
    ]
    if left_names:
        raise ValueError(
            f"the optimiser would never move {_list_names(left_names)} of the learner: make it "
            "over learner.parameters(), after the last change of the model, or freeze what is not "
            "to be trained by requires_grad_(False)"
        )


def check_nothing_else_moves(learner: Learner, optimizer: Optimizer) -> None:
    """Refuse an optimiser that also moves parameters which are not the learner's.

    Raises:
        ValueError: neither their gradient's mean over ranks, nor a checkpoint, nor the way back
            from a step that failed would include them.
    """
    own_ids = {id(parameter) for parameter in learner.parameters()}
    other_parameters = [
        parameter
        for group in optimizer.param_groups
        for parameter in group["params"]
        if id(parameter) not in own_ids
    ]
    if other_parameters:
        shapes = _list_names([str(list(parameter.shape)) for parameter in other_parameters])
        raise ValueError(
            f"the optimiser also moves parameters that are not the learner's (of shape {shapes}), "
            "and no checkpoint would hold them: make them a part of the learner's model, or write "
            "the loop yourself with OuterStep"
        )


def _list_names(names: list[str]) -> str:
    more_count = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more_count} more" if more_count > 0 else "")
