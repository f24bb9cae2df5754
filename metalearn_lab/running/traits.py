"""What a model does with the inputs of a task, found by watching it once.

By their class, layers of PyTorch's own could be told apart, but not what a user has written. So the
model is run on one task before it first serves many, and each operation is noted: what it computes,
what it reads, whether it draws random numbers. What was found holds for as long as the model is
built of the same layers in the same modes; a branch that depends on numbers may go unseen.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from metalearn_lab.running.per_task import PerTask
from metalearn_lab.running.random_state import RandomState

_CONVOLUTIONS = {"convolution", "_convolution", "mkldnn_convolution", "cudnn_convolution"}
_PRODUCTS = {"mm", "bmm", "addmm", "baddbmm"}
_WRONG_UNDER_VMAP = {
    *("native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_functional"),
    *("cudnn_batch_norm", "_batch_norm_with_update", "miopen_batch_norm"),
}
_NO_SECOND_DERIVATIVE = {
    "_weight_norm_interface": "weight norm by PyTorch's fused kernel",
    "_embedding_bag": "an embedding bag",
}


class Traits(NamedTuple):
    """What was seen.

    Attributes:
        heavy: convolutions, or products of two things that both depend on the input, as attention.
        fails: why ``vmap`` cannot run this model, in words; None where it can.
        wrong: what ``vmap`` gets wrong of it, in words.
        wrong_twice: what ``vmap`` gets wrong where the inner loop is differentiated, in words.
        draws: random numbers, or is no function of its input for another reason.
        unrepeatable: gives other outputs though the streams of random numbers were set back.
        straight: the layer that the model names as its ``input_layer`` meets the input as it was
            given, and nothing else does.
        written: parameters and buffers that ``forward`` writes with what depends on the task.
        cut: parameters that are read, though no gradient comes back to them.
        once: what PyTorch has no second derivative of, or a wrong one, in words.
    """

    heavy: bool
    fails: str | None
    wrong: str | None
    wrong_twice: str | None
    draws: bool
    unrepeatable: bool
    straight: bool
    written: tuple[str, ...]
    cut: tuple[str, ...]
    once: tuple[str, ...]


_seen: WeakKeyDictionary[nn.Module, dict[object, Traits | None]] = WeakKeyDictionary()


def seen_traits(model: nn.Module, device: torch.device | None) -> Traits | None:
    """What was found of a model on a device, if it was watched there in its present form."""
    return _seen.get(model, {}).get(_form(model, device))


def watch_once(learner: PerTask, x: Tensor) -> Traits | None:
    """Find what a learner's model does, unless that is known already.

    Args:
        learner: whose model is run on the first task; numbers that it draws are drawn again later.
        x: inputs, ``[tasks, items, ...]``.

    Returns:
        None where it cannot be watched: inside another transform or a compiler, or as it fails.
    """
    known = _seen.setdefault(learner.model, {})
    form = _form(learner.model, x.device)
    if form not in known:
        transformed = torch._C._are_functorch_transforms_active()
        if torch.compiler.is_compiling() or transformed or not x.ndim or not len(x):
            return None
        random = RandomState(x.device)
        try:
            known[form] = _traits(learner, x.detach(), random)
        except Exception:  # Whatever is wrong, the run itself will say it better.
            known[form] = None
        finally:
            random.restore()
    return known[form]


def _form(model: nn.Module, device: torch.device | None) -> object:
    layers = tuple((type(layer), layer.training) for layer in _layers(model))
    return layers, device and device.type


def _layers(module: nn.Module) -> Iterator[nn.Module]:
    """As ``modules()``, in a third of its time; this is asked several times a step."""
    yield module
    for child in module._modules.values():
        if child is not None:
            yield from _layers(child)


def _traits(learner: PerTask, x: Tensor, random: RandomState) -> Traits:
    weights = {n: w.detach().clone().requires_grad_() for n, w in learner.weights().items()}
    buffers = {n: b.clone() for n, b in learner.model.named_buffers()}
    log = _Log({**weights, **buffers}, x[0])
    with torch.enable_grad():
        with log, _input_layer_marked(learner.model, log):
            outputs = functional_call(learner.model, (weights, buffers), (log.x,))
        size = _size(outputs)
    gradients: Any = [None] * len(weights)
    if size.requires_grad:
        gradients = torch.autograd.grad(size, list(weights.values()), allow_unused=True)
    draws = random.has_moved()
    random.restore()
    again = functional_call(learner.model, (weights, buffers), (log.x,))
    unrepeatable = not torch.allclose(size, _size(again), rtol=1e-3, equal_nan=True)
    # A model that writes is refused, and would write now.
    looped = log.written or log.wrong or (log.heavy and x.device.type == "cpu")
    absent = [name for name, g in zip(weights, gradients, strict=True) if g is None]
    return Traits(
        heavy=log.heavy,
        fails=None if looped else _failure_under_vmap(learner, x[:1]),
        wrong=log.wrong,
        wrong_twice=log.wrong_twice,
        draws=draws or unrepeatable,
        unrepeatable=unrepeatable,
        straight=log.straight,
        written=tuple(sorted(log.written)),
        cut=tuple(name for name in absent if name in log.read),
        once=tuple(sorted(log.once)),
    )


def _failure_under_vmap(learner: PerTask, x: Tensor) -> str | None:
    """Why two tasks cannot be run at once, first with the same weights and then with their own."""
    weights = {name: weight.detach() for name, weight in learner.weights().items()}

    def two_steps(x: Tensor) -> Any:
        slope = grad(lambda theta: _size(learner.call(theta, x)))
        first = slope(weights)
        return slope({name: weight + 0 * first[name] for name, weight in weights.items()})

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of speed alone, and they come again in the run
            vmap(two_steps, randomness="different")(x.expand(2, *x.shape[1:]))
    except Exception as error:
        return f"torch.func.vmap fails on the model ({str(error).partition(chr(10))[0]})"
    return None


def _size(outputs: Any) -> Tensor:
    """A number that depends on all outputs."""
    return torch.stack([(out**2).sum() for out in _tensors(outputs) if _is_real(out)]).sum()


@contextmanager
def _input_layer_marked(model: nn.Module, log: _Log) -> Iterator[None]:
    """Tell the log when the layer runs that the model names as the one that meets its input."""
    path = getattr(model, "input_layer", None)
    if not isinstance(path, str):
        yield
        return
    layer = model.get_submodule(path)
    hooks = (
        layer.register_forward_pre_hook(lambda _, inputs: log.enter(inputs), prepend=False),
        layer.register_forward_hook(lambda *_: log.leave()),
    )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


class _Log(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes what each operation does; tensors are told apart by their memory."""

    def __init__(self, named: dict[str, Tensor], x: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.x = x.clone()
        self.names = {_storage(tensor): name for name, tensor in named.items()}
        self.of_input, self.of_weights = {_storage(self.x)}, set(self.names)
        self.alive: list[Any] = []  # so that no memory is used twice
        self.heavy = self.straight = self.inside = False
        self.astray = False
        self.wrong: str | None = None
        self.wrong_twice: str | None = None
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.once: set[str] = set()

    def enter(self, inputs: tuple[Any, ...]) -> None:
        """The input layer is called."""
        as_given = len(inputs) == 1 and inputs[0] is self.x
        self.straight, self.inside = as_given and not self.astray, True

    def leave(self) -> None:
        """It has returned."""
        self.inside = False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        given = [_storage(tensor) for tensor in _tensors((args, kwargs))]
        name = func.overloadpacket.__name__
        self._note(name, args, given)
        if _storage(self.x) in given and not self.inside:
            self.astray, self.straight = True, False
        if func._schema.is_mutable:
            bound = [*zip(func._schema.arguments, args, strict=False)]
            bound += [(a, kwargs[a.name]) for a in func._schema.arguments if a.name in kwargs]
            changed = [v for a, v in bound if a.alias_info is not None and a.alias_info.is_write]
            into = {_storage(t) for t in _tensors(changed)}
            # A counter reads nothing but itself, and carries nothing of a task.
            if not (self.of_input | self.of_weights).isdisjoint(set(given) - into):
                self.written |= self._named(into)
        results = func(*args, **kwargs)
        self.alive.append(results)
        for tainted in (self.of_input, self.of_weights):
            if not tainted.isdisjoint(given):
                tainted |= {_storage(tensor) for tensor in _tensors(results)}
        return results

    def _note(self, name: str, args: tuple[Any, ...], given: list[int]) -> None:
        self.read |= self._named(given)
        product = name in _PRODUCTS and all(s in self.of_input for s in given[-2:])
        attention = name.startswith("_scaled_dot_product")
        self.heavy |= name in _CONVOLUTIONS or product or attention
        if name == "embedding" and any(_embedding_options(args)):
            self.wrong = "torch.func.vmap forgets padding_idx and other options of an embedding"
            if len(args) > 4 and args[4]:
                self.once.add("an embedding with sparse gradients")
        affine = name == "native_layer_norm" and args[2] is not None
        if name in _WRONG_UNDER_VMAP or affine:
            self.wrong_twice = f"torch.func.vmap gives a wrong second derivative through {name}"
        if name in _NO_SECOND_DERIVATIVE:
            self.once.add(_NO_SECOND_DERIVATIVE[name])

    def _named(self, storages: Any) -> set[str]:
        return {self.names[storage] for storage in storages if storage in self.names}


def _embedding_options(args: tuple[Any, ...]) -> list[bool]:
    options: list[Any] = [*args[2:], *(-1, False, False)[len(args) - 2 :]]
    padding, by_frequency, sparse = options
    return [padding >= 0, bool(by_frequency), bool(sparse)]


def _tensors(values: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(values) if isinstance(leaf, Tensor)]


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr() if tensor.layout == torch.strided else id(tensor)


def _is_real(tensor: Tensor) -> bool:
    return tensor.is_floating_point()
