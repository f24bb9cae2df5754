"""What Python asks of the device: each of these makes a GPU finish its queue first."""

from torch.utils._python_dispatch import TorchDispatchMode

ASKS = {"_local_scalar_dense", "is_nonzero", "equal", "nonzero", "masked_select", "_unique2"}


class Reads(TorchDispatchMode):
    """Counts them while it is entered, in ``found``."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        name = operation.overloadpacket.__name__
        if name in ASKS:
            self.found.append(name)
        return operation(*args, **(kwargs or {}))


def reads_of(function) -> list[str]:
    with Reads() as reads:
        function()
    return reads.found
