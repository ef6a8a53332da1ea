"""Where a program waits for its device: what the host reads of a tensor, counted without a GPU."""

from collections import Counter

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

READS = {"_local_scalar_dense", "nonzero", "masked_select", "equal", "is_nonzero"}
INDEXES = {"index", "index_put_", "_index_put_impl_"}


class RoundTrips(TorchDispatchMode):
    """A context that counts, by operation, the values and sizes that only the device knows and the host asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.counted, self._lists = Counter(), _Lists(self)

    def __enter__(self):
        self._lists.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self._lists.__exit__(*error)

    def __torch_dispatch__(self, operation, types, arguments=(), options=None):
        name = operation._schema.name.removeprefix("aten::")
        by_mask = name in INDEXES and any(each is not None and each.dtype == torch.bool for each in arguments[1])
        if name in READS or by_mask:
            self.counted[name] += 1
        return operation(*arguments, **(options or {}))


class _Lists(TorchFunctionMode):
    """Counts `tolist`, which reads the memory of a CPU directly."""

    def __init__(self, trips: RoundTrips) -> None:
        super().__init__()
        self.trips = trips

    def __torch_function__(self, function, types, arguments=(), options=None):
        if function is torch.Tensor.tolist:
            self.trips.counted["tolist"] += 1
        return function(*arguments, **(options or {}))
