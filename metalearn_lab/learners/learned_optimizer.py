"""Any update rule as an optimiser of PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from metalearn_lab.learners.update_rules import UpdateRule


class LearnedOptimizer(Optimizer):
    """θ ← θ + update of a rule, in place of ``torch.optim.Adam`` in any training loop.

    Args:
        parameters: what is optimised, as for every optimiser.
        rule: trained or written by hand; it is not changed.

    Raises:
        TypeError: the rule has no ``start``.
    """

    def __init__(self, parameters: Iterable[Tensor], rule: UpdateRule) -> None:
        if not hasattr(rule, "start"):
            raise TypeError(
                f"rule must be an update rule with start(theta), got {type(rule).__name__}: "
                "see metalearn_lab.learners.update_rules"
            )
        super().__init__(parameters, {})
        self.rule = rule

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step; parameters without a gradient stay.

        Args:
            closure: computes the loss again, as other optimisers take it.

        Returns:
            What the closure returns.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                memory = self.state[parameter]
                before = memory.get("rule") or self.rule.start(parameter)
                update, memory["rule"] = self.rule(parameter.grad, before)
                parameter.add_(update)
        return loss
