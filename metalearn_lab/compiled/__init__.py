"""One task's formula, compiled to C and run over many tasks at once."""

from metalearn_lab.compiled.adaptation import CompiledAdaptation
from metalearn_lab.compiled.meta_loss import CompiledMetaLoss
from metalearn_lab.compiled.not_compilable import NotCompilable

__all__ = ["CompiledAdaptation", "CompiledMetaLoss", "NotCompilable"]
