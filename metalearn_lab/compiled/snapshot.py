"""What a compiled step takes for constant: everything in Python that a learner can read.

A trace writes numbers, flags and branches down as they were when it was made. So they are compared
with what they were before every call: attributes of the learner, of its layers and of its loss,
what functions close over, the globals that they name, and the attributes of classes.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import chain
from operator import attrgetter, is_, itemgetter
from typing import Any

import torch
from torch import Tensor, nn

from metalearn_lab.compiled.not_compilable import NotCompilable, OtherLearner
from metalearn_lab.running.per_task import PerTask

_MOST_PARTS = 20_000
_SCALARS = (int, float, complex, str, bytes, type(None), torch.dtype, torch.device)
_PURE = ("torch.nn.modules.", "metalearn_lab.")
_OF_LIBRARIES = frozenset({*sys.stdlib_module_names, "torch", "metalearn_lab", "numpy"}) - {
    "__main__"
}
_WITHOUT_EFFECT = frozenset(
    {
        *("_state_dict_hooks", "_state_dict_pre_hooks", "_non_persistent_buffers_set"),
        *("_load_state_dict_pre_hooks", "_load_state_dict_post_hooks"),
        *("_forward_hooks_with_kwargs", "_forward_pre_hooks_with_kwargs"),
        "_forward_hooks_always_called",
        "_own_parameters",  # a learner's record of its own parameters, whose flags are compared
    }
)
"""Attributes of modules that by themselves do not change what they compute."""

_OF_EVERY_MODULE = vars(nn.Module()).keys() - {"training"}
_is_trained = attrgetter("requires_grad")
_version = attrgetter("_version")


class Snapshot:
    """The state of a learner beside its parameters and buffers, and how it differs later.

    Attributes:
        doubtful_names: names of what is not known to compute the same again from the same weights:
            classes and functions of the user's own, tensors that are no weights, hooks.

    Args:
        learner: any learner.
        allowed_names: names of attributes of the learner that may change.

    Raises:
        NotCompilable: there is more of it than can be compared before every step.
    """

    def __init__(self, learner: PerTask, allowed_names: tuple[str, ...] = ()) -> None:
        self.learner = learner
        self.allowed_names = allowed_names
        self.doubtful_names: list[str] = []
        self._weights = [*learner.parameters(), *learner.buffers()]
        self._modules: list[tuple[itemgetter[Any], dict[str, Any]]] = []  # own attributes, quickly
        self._tables: list[dict[Any, Any]] = []
        self._empty: list[dict[Any, Any]] = []  # most tables of hooks and buffers are
        self._others: list[object] = []
        self._tensors: list[Tensor] = []
        self._parts = self._walk(learner)
        self._first_reading = self._read()

    def check(self) -> None:
        """Refuse to go on with what was compiled if anything is no longer as it was.

        Raises:
            OtherLearner: says what has changed, from what and to what.
        """
        with suppress(KeyError):  # an attribute that was deleted
            reading = self._read()
            if len(reading) == len(self._first_reading) and all(
                map(is_, reading, self._first_reading)
            ):
                return
        new_snapshot = Snapshot(self.learner, self.allowed_names)
        if change := _first_change(self._parts, new_snapshot._parts):
            raise OtherLearner(f"{change} since the learner was compiled: compile it again")
        vars(self).update(vars(new_snapshot))  # equal numbers in other objects

    def _read(self) -> list[object]:
        """All parts again, in the same order as long as nothing changes."""
        reading: list[object] = list(chain.from_iterable(map(dict.values, self._tables)))
        for read_attributes, attribute_by_name in self._modules:
            reading += read_attributes(attribute_by_name)
            reading.append(len(attribute_by_name))
        reading.append(any(map(len, self._empty)))
        reading += map(_is_trained, self._weights)
        reading += _surroundings()
        reading += map(_version, self._tensors)
        for holder in self._others:
            reading += _held_by(holder).values()
        return reading

    def _walk(self, learner: PerTask) -> dict[str, object]:
        """Everything that can be reached from a learner, by name."""
        parts: dict[str, object] = dict(zip(_SURROUNDINGS, _surroundings(), strict=True))
        named_parameters = learner.named_parameters()
        parts |= {
            f"{name}.requires_grad": weight.requires_grad for name, weight in named_parameters
        }
        to_visit: list[tuple[str, object]] = [("learner", learner)]
        seen = {id(weight) for weight in self._weights}
        while to_visit:
            name, value = to_visit.pop()
            parts[name] = value
            if len(parts) > _MOST_PARTS:
                raise NotCompilable(
                    f"the learner holds too much to be compared before every step ({name}, …): "
                    "keep data out of the learner, its model and its loss, or use compiled=False"
                )
            if isinstance(value, _SCALARS) or id(value) in seen:
                continue
            seen.add(id(value))
            if not _is_pure(value):
                self.doubtful_names.append(name)
            part_by_name = _held_by(value)
            if isinstance(value, dict):
                (self._tables if value else self._empty).append(value)
            elif isinstance(value, nn.Module):
                attribute_by_name = vars(value)
                own_names = [
                    key
                    for key in attribute_by_name
                    if key not in _OF_EVERY_MODULE | _WITHOUT_EFFECT
                ]
                self._modules.append((itemgetter("_parameters", *own_names), attribute_by_name))
            elif isinstance(value, Tensor):
                self._tensors.append(value)
            elif part_by_name and not isinstance(value, tuple | frozenset):
                self._others.append(value)
            to_visit += [(f"{name}.{key}", part) for key, part in part_by_name.items()]
        return {
            name: part
            for name, part in parts.items()
            if name.removeprefix("learner.") not in self.allowed_names
        }


def _held_by_function(function: types.FunctionType) -> dict[Any, object]:
    """What it closes over and its defaults; of a user's function, also the globals it names."""
    names, cells = function.__code__.co_freevars, function.__closure__ or ()
    part_by_name: dict[Any, object] = {}
    for name, cell in zip(names, cells, strict=True):
        try:
            part_by_name[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            part_by_name[name] = None
    if _of_user(function):
        part_by_name |= {"defaults": function.__defaults__, "by name": function.__kwdefaults__}
        global_by_name = function.__globals__
        part_by_name |= {
            name: global_by_name[name]
            for name in _names_in(function.__code__)
            if name in global_by_name
        }
    return part_by_name


def _held_by_class(user_class: type) -> dict[Any, object]:
    """Methods and attributes of a user's class and of those of its bases that are a user's."""
    return {
        f"{base.__name__}.{name}": part
        for base in user_class.__mro__
        if _of_user(base)
        for name, part in vars(base).items()
        if isinstance(part, types.FunctionType) or not name.startswith("__")
    }


def _class_of(value: object) -> dict[Any, object]:
    """The class of an object, if it is a user's."""
    return {"class": type(value)} if _of_user(type(value)) else {}


def _held_by_module(module: nn.Module) -> dict[Any, object]:
    attributes = vars(module).items()
    held = {name: part for name, part in attributes if name not in _WITHOUT_EFFECT}
    return held | _class_of(module)


_HELD_BY_KIND: tuple[tuple[Any, Callable[[Any], dict[Any, object]]], ...] = (
    (dict, lambda table: table),
    (nn.Module, _held_by_module),
    ((list, tuple, set, frozenset), lambda items: dict(enumerate(items))),
    (Tensor, lambda tensor: {"version": tensor._version, "requires_grad": tensor.requires_grad}),
    (partial, lambda call: {"function": call.func, "arguments": call.args, **call.keywords}),
    (types.MethodType, lambda bound: {"of": bound.__self__, "function": bound.__func__}),
    (property, lambda attribute: {"get": attribute.fget}),
    ((staticmethod, classmethod), lambda method: {"function": method.__func__}),
    (types.FunctionType, _held_by_function),
    (type, _held_by_class),
    (types.ModuleType, lambda module: {}),
)


def _held_by(value: Any) -> dict[Any, object]:
    """What an object can read that may change, by name."""
    for kinds, held_by in _HELD_BY_KIND:
        if isinstance(value, kinds):
            return held_by(value)
    attributes = getattr(value, "__dict__", None)
    return {**attributes, **_class_of(value)} if isinstance(attributes, dict) else {}


def _names_in(code: types.CodeType) -> set[str]:
    inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
    return set(code.co_names).union(*map(_names_in, inner))


def _of_user(definition: Any) -> bool:
    """Whether a class or function is defined outside of Python, PyTorch and this package."""
    module = getattr(definition, "__module__", None) or "builtins"
    return module.partition(".")[0] not in _OF_LIBRARIES


def _is_pure(value: Any) -> bool:
    """Whether what is computed with a thing depends only on the parts that are compared."""
    if isinstance(value, nn.Module):
        hooks = (held for name, held in vars(value).items() if name.endswith("_hooks"))
        return f"{type(value).__module__}.".startswith(_PURE) and not any(hooks)
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
        return not _of_user(value) and not getattr(value, "__closure__", None)
    return isinstance(value, dict | list | tuple | set | frozenset)


def _first_change(before: dict[str, object], after: dict[str, object]) -> str | None:
    for name in dict.fromkeys([*before, *after]):
        old, new = (parts.get(name, "nothing") for parts in (before, after))
        is_equal = type(old) is type(new) and isinstance(old, _SCALARS) and bool(old == new)
        if not (old is new or is_equal or (isinstance(old, tuple) and isinstance(new, tuple))):
            return f"{name} has changed from {_shown(old)} to {_shown(new)}"
    return None


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, _SCALARS) else f"a {type(value).__name__}"


_SURROUNDINGS = ("autocast on the CPU", "its type", "autocast on CUDA", "CUDA's", "default type")


def _surroundings() -> tuple[object, ...]:
    """What PyTorch does otherwise in some surroundings."""
    return (
        torch.is_autocast_enabled("cpu"),
        torch.get_autocast_dtype("cpu"),
        torch.is_autocast_enabled("cuda"),
        torch.get_autocast_dtype("cuda"),
        torch.get_default_dtype(),
    )
