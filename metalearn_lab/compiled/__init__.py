"""One task's formula, compiled to C and run over many tasks at once."""

from metalearn_lab.compiled.adaptation import CompiledAdaptation
from metalearn_lab.compiled.meta_loss import (
    CompiledLowRankMetaLoss,
    CompiledMetaLoss,
    compiled_meta_loss,
)
from metalearn_lab.compiled.not_compilable import NotCompilable, OtherThanCompiled

__all__ = [
    "CompiledAdaptation",
    "CompiledLowRankMetaLoss",
    "CompiledMetaLoss",
    "NotCompilable",
    "OtherThanCompiled",
    "compiled_meta_loss",
]
