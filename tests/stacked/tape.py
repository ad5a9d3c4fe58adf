"""What a CUDA graph is, on a CPU: operations recorded with the numbers and the memory that they were given."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only


class Tape:
    """Records a call, and leaves all memory as if nothing had been computed; replays it as often as asked.

    It refuses what a capture on CUDA refuses: to wait for a number, to take one from Python's memory, sizes
    that depend on values, copies between devices. Of memory that the call didn't make itself it knows the
    place alone: gone is gone, as on CUDA.
    """

    def __init__(self, device):
        self.device, self.num_replays = device, 0

    def warm_up(self, call):
        return call()

    def capture(self, call):
        recorder = Recorder()
        try:
            with recorder:
                result = call()
        finally:
            recorder.undo()
        self.calls = recorder.calls
        return result

    def replay(self):
        self.num_replays += 1
        for call in self.calls:
            call.again()


@dataclass
class Place:
    """A stretch of memory, which this doesn't keep."""

    storage: StorageWeakRef
    like: Tensor
    geometry: tuple

    @classmethod
    def of(cls, tensor):
        geometry = tensor.storage_offset(), tensor.shape, tensor.stride()
        return cls(StorageWeakRef(tensor.untyped_storage()), torch.empty(0, dtype=tensor.dtype), geometry)

    def tensor(self):
        storage = torch.UntypedStorage._new_with_weak_ptr(self.storage.cdata)
        assert storage is not None, "the graph reads or writes memory that is gone"
        return torch.empty_like(self.like).set_(storage, *self.geometry)


@dataclass
class Call:
    """An operation with what it was given, and the tensors that it made."""

    operation: torch._ops.OpOverload
    args: tuple
    kwargs: dict
    made: list

    def again(self):
        args, kwargs = tree_map_only(Place, Place.tensor, (self.args, self.kwargs))
        results = tree_leaves(self.operation(*args, **kwargs))
        for place, result in self.made:
            place.copy_(results[result])


class Recorder(TorchDispatchMode):
    """Computes, and notes both what was computed and what was written over."""

    def __init__(self):
        super().__init__()
        self.calls, self._before = [], []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if operation._can_decompose():
            with self:
                result = operation.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        self._refuse(operation, given)
        self._note_before(operation, args, kwargs)
        noted = tree_map_only(Tensor, Place.of, (args, kwargs))
        result = operation(*args, **kwargs)
        known = {each.untyped_storage().data_ptr() for each in given}
        made = [
            (each, index)
            for index, each in enumerate(tree_leaves(result))
            if isinstance(each, Tensor) and each.untyped_storage().data_ptr() not in known
        ]
        self.calls.append(Call(operation, *noted, made))
        return result

    def _refuse(self, operation, given):
        name = operation.name()
        if name == "aten::lift_fresh":
            raise RuntimeError("a number from Python's memory is copied")
        if torch.Tag.data_dependent_output in operation.tags or name in ("aten::nonzero", "aten::equal"):
            raise RuntimeError(f"{name} waits for the device")
        if name.startswith("aten::index") and any(each.dtype == torch.bool for each in given):
            raise RuntimeError(f"{name} gives as many values as a mask has")
        if len({each.device for each in given}) > 1:
            raise RuntimeError(f"{name} works across devices")

    def _note_before(self, operation, args, kwargs):
        arguments = operation._schema.arguments
        values = {argument.name: value for argument, value in zip(arguments, args, strict=False)} | kwargs
        for argument in arguments:
            if argument.alias_info is not None and argument.alias_info.is_write:
                for each in tree_leaves(values.get(argument.name)):
                    self._before.append((each.copy_, each.clone()))
        if (generator := kwargs.get("generator")) is not None:
            self._before.append((generator.set_state, generator.get_state()))

    def undo(self):
        """Put everything back; what the calls made holds no results yet."""
        while self._before:
            restore, state = self._before.pop()
            restore(state)
        for call in self.calls:
            for each, _ in call.made:
                each.fill_(math.nan if each.is_floating_point() else 0)
