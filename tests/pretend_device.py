"""A second device that is not there: it refuses to meet CPU tensors, as a GPU does.

Its tensors hold their numbers on the CPU, so results are the CPU's; but they say that they lie on
``PRETEND``, no operation takes them together with a CPU tensor of one axis or more, they cannot
be read by NumPy, and a CPU generator cannot fill them.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

PRETEND = torch.device("lazy", 0)  # known to PyTorch, used by nothing here
TAKE_IT = f"""
import sys
from metalearn_lab.tasks import devices  # the one that is installed, not the one beside us
sys.path.insert(0, {str(Path(__file__).resolve().parents[1])!r})
from tests.pretend_device import PRETEND, PretendDevice
devices.choose_device = lambda name="auto": PRETEND
PretendDevice().__enter__()
# PyTorch casts by itself only on devices that it knows: here bf16 rounds nothing.
from contextlib import nullcontext
from metalearn_lab.training import bf16
bf16.autocast_bf16 = lambda learner: nullcontext()
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

    def __init__(self):
        super().__init__()
        self.before = []

    def __enter__(self):
        # By default ``module.double()`` gives a parameter new data behind the back of ``held``.
        self.before.append(torch.__future__.get_overwrite_module_params_on_conversion())
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        return super().__enter__()

    def __exit__(self, *error):
        torch.__future__.set_overwrite_module_params_on_conversion(self.before.pop())
        return super().__exit__(*error)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if torch.is_inference_mode_enabled():  # which gives operations whole, and no views
            with torch.inference_mode(False), torch.no_grad(), self:
                return func(*args, **(kwargs or {}))
        return run_there(func, args, kwargs or {})


def run_there(func, args, kwargs):
    """Run one operation where its tensors are; refuse it where they are in two places."""
    name, given = func.overloadpacket.__name__, []
    held_args, held_kwargs = _held(args, given), {n: _held(v, given) for n, v in kwargs.items()}
    pretended = any(type(each) is PretendTensor for each in given)
    wanted = kwargs.get("device")
    there = pretended if wanted is None else torch.device(wanted).type == PRETEND.type
    if pretended and name not in _MOVES:
        _refuse_mixed(name, args, given)
    if there and kwargs.get("generator") is not None:
        raise RuntimeError(f"{name}: expected a generator of {PRETEND}, got one of the CPU")
    if wanted is not None:
        held_kwargs["device"] = torch.device("cpu")
    result = func(*held_args, **held_kwargs)
    if func._schema.is_mutable:
        return _the_same(func, args, kwargs, result)
    return _wrapped(result) if there else result


def _held(value, given):
    """A value with the CPU's tensors in the place of pretended ones; all are noted."""
    if isinstance(value, Tensor):
        given.append(value)
        return value.held if type(value) is PretendTensor else value
    if isinstance(value, (list, tuple)):
        return type(value)([_held(each, given) for each in value])
    return value


def _wrapped(result):
    if isinstance(result, Tensor):
        return PretendTensor(result)
    if isinstance(result, (list, tuple)):
        return type(result)([_wrapped(each) for each in result])
    return result


def _the_same(func, args, kwargs, result):
    """What an operation in place gives: the tensor that it changed, not another."""
    if not func._schema.returns:
        return None
    written = kwargs.get("out", args[0])
    return written if isinstance(result, Tensor) else result


def _refuse_mixed(name, args, given):
    if all(type(each) is PretendTensor for each in given):
        return
    free = args[1] if name in _BY_INDEX and isinstance(args[0], PretendTensor) else ()
    free = {id(each) for each in free}
    for each in given:
        number = each.ndim == 0 and name not in _NO_NUMBERS
        if not (type(each) is PretendTensor or number or id(each) in free):
            raise RuntimeError(
                f"{name}: expected all tensors on the same device, but found {PRETEND} and cpu "
                f"{tuple(each.shape)}"
            )
