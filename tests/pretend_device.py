"""A second device that is not there: it refuses to meet CPU tensors, as a GPU does.

Its tensors hold their numbers on the CPU, so results are the CPU's; but they say that they lie on
``PRETEND``, no operation takes them together with a CPU tensor of one axis or more, they cannot
be read by NumPy, and a CPU generator cannot fill them.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

PRETEND = torch.device("lazy", 0)  # known to PyTorch, used by nothing here
TAKE_IT = f"""
import sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[1])!r})
from metalearn_lab.tasks import devices
from tests.pretend_device import PRETEND, PretendDevice
devices.choose_device = lambda name="auto": PRETEND
PretendDevice().__enter__()
"""
"""Code for a kernel: from then on, this device is the one that a chapter finds."""

_MOVES = {"copy_", "_to_copy"}
_BY_INDEX = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}
_NO_NUMBERS = {"cat", "stack", "mm", "bmm", "addmm", "dot", "mv", "gather"}


class PretendTensor(Tensor):
    """A tensor on the pretended device.

    Attributes:
        held: its numbers, on the CPU.
    """

    held: Tensor

    @staticmethod
    def __new__(cls, held):
        made = Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            held.stride(),
            held.storage_offset(),
            dtype=held.dtype,
            layout=held.layout,
            device=PRETEND,
        )
        made.held = held
        return made

    def __repr__(self):
        return f"Pretend({self.held})"

    def tolist(self):
        """As Python numbers, which any device gives."""
        return self.held.tolist()

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return run_there(func, args, kwargs or {})


class PretendDevice(TorchDispatchMode):
    """While it is active, tensors can be made on the pretended device and moved to it."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return run_there(func, args, kwargs or {})


def run_there(func, args, kwargs):
    """Run one operation where its tensors are; refuse it where they are in two places."""
    name = func.overloadpacket.__name__
    given = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    pretended = [each for each in given if isinstance(each, PretendTensor)]
    wanted = kwargs.get("device")
    there = bool(pretended) if wanted is None else torch.device(wanted).type == PRETEND.type
    if pretended and name not in _MOVES:
        _refuse_mixed(name, args, given)
    if there and kwargs.get("generator") is not None:
        raise RuntimeError(f"{name}: expected a generator of {PRETEND}, got one of the CPU")
    if wanted is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    held = pytree.tree_map_only(PretendTensor, lambda each: each.held, (args, kwargs))
    result = func(*held[0], **held[1])
    if func._schema.is_mutable:
        return _the_same(func, args, kwargs, result)
    if not there:
        return result
    return pytree.tree_map_only(Tensor, PretendTensor, result)


def _the_same(func, args, kwargs, result):
    """What an operation in place gives: the tensor that it changed, not another."""
    if not func._schema.returns:
        return None
    written = kwargs.get("out", args[0])
    return written if isinstance(result, Tensor) else result


def _refuse_mixed(name, args, given):
    free = args[1] if name in _BY_INDEX and isinstance(args[0], PretendTensor) else ()
    free = {id(each) for each in free}
    for each in given:
        number = each.ndim == 0 and name not in _NO_NUMBERS
        if not (isinstance(each, PretendTensor) or number or id(each) in free):
            raise RuntimeError(
                f"{name}: expected all tensors on the same device, but found {PRETEND} and cpu "
                f"{tuple(each.shape)}"
            )
