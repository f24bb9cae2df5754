"""What a model does with the inputs of a task, found by watching it once.

By their class, layers of PyTorch's own could be told apart, but not what a user has written. So the
model is run on one task before it first serves many, and each operation is noted: what it computes,
what it reads, whether it draws random numbers. What was found holds for as long as the model is
built of the same layers in the same modes; a branch that depends on numbers may go unseen.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
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
    "mkldnn_rnn_layer": "an LSTM by oneDNN's fused kernel",
    "_cudnn_rnn": "a recurrent layer by cuDNN's fused kernel",
}


@dataclass
class Traits:
    """What was seen.

    Attributes:
        is_heavy: it has convolutions, or products of two things that both depend on the input, as
            attention.
        vmap_failure: why ``vmap`` cannot run this model, in words; None where it can.
        vmap_fault: what ``vmap`` gets wrong of it, in words.
        second_order_vmap_fault: what ``vmap`` gets wrong where the inner loop is differentiated.
        is_random: it draws random numbers, or is no function of its input for another reason.
        is_unrepeatable: other outputs come though the streams of random numbers were set back.
        is_input_direct: the layer that the model names as its ``input_layer`` meets the input as
            it was given, and nothing else does.
        written_names: parameters and buffers that ``forward`` writes with what depends on the task.
        cut_names: parameters that are read, though no gradient comes back to them.
        no_second_derivative: what PyTorch has no second derivative of, or a wrong one, in words.
    """

    is_heavy: bool = False
    vmap_failure: str | None = None
    vmap_fault: str | None = None
    second_order_vmap_fault: str | None = None
    is_random: bool = False
    is_unrepeatable: bool = False
    is_input_direct: bool = False
    written_names: set[str] = field(default_factory=set)
    cut_names: list[str] = field(default_factory=list)
    no_second_derivative: set[str] = field(default_factory=set)


_traits_of: WeakKeyDictionary[nn.Module, dict[object, Traits | None]] = WeakKeyDictionary()


def seen_traits(model: nn.Module, device: torch.device | None) -> Traits | None:
    """What was found of a model on a device, if it was watched there in its present form."""
    return _traits_of.get(model, {}).get(_form(model, device))


def watch_once(learner: PerTask, x: Tensor) -> Traits | None:
    """Find what a learner's model does, unless that is known already.

    Args:
        learner: whose model is run on the first task; numbers that it draws are drawn again later.
        x: inputs, ``[tasks, items, ...]``.

    Returns:
        None where it cannot be watched: inside another transform or a compiler, or as it fails.
    """
    traits_of_form = _traits_of.setdefault(learner.model, {})
    form = _form(learner.model, x.device)
    if form not in traits_of_form:
        transformed = torch._C._are_functorch_transforms_active()
        if torch.compiler.is_compiling() or transformed or not x.ndim or not len(x):
            return None
        random_state = RandomState(x.device)
        try:
            traits_of_form[form] = _find_traits(learner, x.detach(), random_state)
        except Exception:  # Whatever is wrong, the run itself will say it better.
            traits_of_form[form] = None
        finally:
            random_state.restore()
    return traits_of_form[form]


def _form(model: nn.Module, device: torch.device | None) -> object:
    layers = tuple((type(layer), layer.training) for layer in _layers(model))
    return layers, device and device.type


def _layers(module: nn.Module) -> Iterator[nn.Module]:
    """As ``modules()``, in a third of its time; this is asked several times a step."""
    yield module
    for child in module._modules.values():
        if child is not None:
            yield from _layers(child)


def _find_traits(learner: PerTask, x: Tensor, random_state: RandomState) -> Traits:
    parameters = learner.model.named_parameters()  # alone: fast weights may hold others
    weights = {name: weight.detach().clone().requires_grad_() for name, weight in parameters}
    buffers = {name: buffer.clone() for name, buffer in learner.model.named_buffers()}
    log = _Log({**weights, **buffers}, x[0])
    with torch.enable_grad():
        with log, _mark_input_layer(learner.model, log):
            outputs = functional_call(learner.model, (weights, buffers), (log.x,))
        size_of_outputs = _size(outputs)
    gradients: Any = [None] * len(weights)
    if size_of_outputs.requires_grad:
        gradients = torch.autograd.grad(size_of_outputs, list(weights.values()), allow_unused=True)
    has_drawn = random_state.has_moved()
    random_state.restore()
    repeated_outputs = functional_call(learner.model, (weights, buffers), (log.x,))
    traits = log.traits
    traits.is_unrepeatable = not torch.allclose(
        size_of_outputs, _size(repeated_outputs), rtol=1e-3, equal_nan=True
    )
    traits.is_random = has_drawn or traits.is_unrepeatable
    traits.is_input_direct = log.has_met_as_given and not log.is_read_elsewhere
    names_without_gradient = [
        name for name, gradient in zip(weights, gradients, strict=True) if gradient is None
    ]
    traits.cut_names = [name for name in names_without_gradient if name in log.read_names]
    # A model that writes is refused, and would write now.
    is_looped = (
        traits.written_names or traits.vmap_fault or (traits.is_heavy and x.device.type == "cpu")
    )
    if not is_looped:
        traits.vmap_failure = _failure_under_vmap(learner, x[:1])
    return traits


def _failure_under_vmap(learner: PerTask, x: Tensor) -> str | None:
    """Why two tasks cannot be run at once, first with the same weights and then with their own."""
    weights = {name: weight.detach() for name, weight in learner.weights().items()}

    def two_steps(x: Tensor) -> Any:
        slope_of = grad(lambda theta: _size(learner.call(theta, x)))
        first_slope = slope_of(weights)
        return slope_of({name: weight + 0 * first_slope[name] for name, weight in weights.items()})

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of speed alone, and they come again in the run
            vmap(two_steps, randomness="different")(x.expand(2, *x.shape[1:]))
    except Exception as error:
        return f"torch.func.vmap fails on the model ({str(error).partition(chr(10))[0]})"
    return None


def _size(outputs: Any) -> Tensor:
    """A number that depends on all outputs."""
    real = [out for out in tensors_in(outputs) if out.is_floating_point()]
    return torch.stack([(out**2).sum() for out in real]).sum()


def _mark_input_layer(model: nn.Module, log: _Log) -> ExitStack:
    """Inside, the log is told when the layer runs that the model names as its input layer."""
    hooks = ExitStack()
    path = getattr(model, "input_layer", None)
    if isinstance(path, str):
        layer = model.get_submodule(path)
        hooks.enter_context(layer.register_forward_pre_hook(lambda _, inputs: log.enter(inputs)))
        hooks.enter_context(layer.register_forward_hook(lambda *_: log.leave()))
    return hooks


class _Log(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes what each operation does; tensors are told apart by their memory."""

    def __init__(self, tensor_of_name: dict[str, Tensor], x: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.x = x.clone()
        self.names = {storage_of(tensor): name for name, tensor in tensor_of_name.items()}
        self.input_storages, self.weight_storages = {storage_of(self.x)}, set(self.names)
        self.kept_results: list[Any] = []  # so that no memory is used twice
        self.is_in_input_layer = self.has_met_as_given = self.is_read_elsewhere = False
        self.read_names: set[str] = set()
        self.traits = Traits()

    def enter(self, inputs: tuple[Any, ...]) -> None:
        """The input layer is called."""
        self.has_met_as_given = len(inputs) == 1 and inputs[0] is self.x
        self.is_in_input_layer = True

    def leave(self) -> None:
        """It has returned."""
        self.is_in_input_layer = False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        storages = [storage_of(tensor) for tensor in tensors_in((args, kwargs))]
        self._note(func.overloadpacket.__name__, args, storages)
        self.is_read_elsewhere |= storage_of(self.x) in storages and not self.is_in_input_layer
        if func._schema.is_mutable:
            arguments = func._schema.arguments
            values = (
                dict(zip((argument.name for argument in arguments), args, strict=False)) | kwargs
            )
            written_values = [
                values.get(argument.name) for argument in arguments if argument.is_write
            ]
            written_storages = {storage_of(tensor) for tensor in tensors_in(written_values)}
            # A counter reads nothing but itself, and carries nothing of a task.
            if not (self.input_storages | self.weight_storages).isdisjoint(
                set(storages) - written_storages
            ):
                self.traits.written_names |= self._names_of(written_storages)
        results = func(*args, **kwargs)
        self.kept_results.append(results)
        for known_storages in (self.input_storages, self.weight_storages):
            if not known_storages.isdisjoint(storages):
                known_storages |= {storage_of(tensor) for tensor in tensors_in(results)}
        return results

    def _note(self, name: str, args: tuple[Any, ...], storages: list[int]) -> None:
        self.read_names |= self._names_of(storages)
        is_product = name in _PRODUCTS and all(s in self.input_storages for s in storages[-2:])
        is_attention = name.startswith("_scaled_dot_product")
        self.traits.is_heavy |= name in _CONVOLUTIONS or is_product or is_attention
        if name == "embedding":
            # Left-out options are without effect.
            options: list[Any] = [*args[2:], *(-1, False, False)[len(args) - 2 :]]
            padding, by_frequency, sparse = options
            if padding >= 0 or by_frequency or sparse:
                reason = "torch.func.vmap forgets padding_idx and other options of an embedding"
                self.traits.vmap_fault = reason
            if sparse:
                self.traits.no_second_derivative.add("an embedding with sparse gradients")
        is_affine = name == "native_layer_norm" and args[2] is not None
        if name in _WRONG_UNDER_VMAP or is_affine:
            reason = f"torch.func.vmap gives a wrong second derivative through {name}"
            self.traits.second_order_vmap_fault = reason
        if name in _NO_SECOND_DERIVATIVE:
            self.traits.no_second_derivative.add(_NO_SECOND_DERIVATIVE[name])

    def _names_of(self, storages: Any) -> set[str]:
        return {self.names[storage] for storage in storages if storage in self.names}


def tensors_in(values: Any) -> list[Tensor]:
    """The tensors in tuples, lists and dicts of whatever depth."""
    return [leaf for leaf in pytree.tree_leaves(values) if isinstance(leaf, Tensor)]


def storage_of(tensor: Tensor) -> int:
    """What tells apart the memory of tensors."""
    return tensor.untyped_storage().data_ptr() if tensor.layout == torch.strided else id(tensor)
