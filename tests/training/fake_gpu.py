"""What takes a GPU's way through the code, where there is none.

A GPU that isn't there: PyTorch's device "meta", whose tensors have shapes and no values.

What mixes its tensors with the processor's fails as on a real GPU, and so does whatever asks for
a value, which on a real one would wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from paribus.training.device import Device

META: Any = "meta"
#: What may have tensors of two devices: it brings them from one to the other.
_BRINGS = ("aten::_to_copy", "aten::copy_")


@dataclass(frozen=True)
class FakeGpu(Device):
    """In the place of "cuda"."""

    kind: Any = META

    def drawn(self) -> bytes:
        return b"what its generator drew"


@dataclass(frozen=True)
class Apart(Device):
    """The processor, taken for a device with a queue of its own."""

    @property
    def is_apart(self) -> bool:
        return True


class Strict(TorchDispatchMode):
    """Meanwhile, tensors of two devices must not meet; PyTorch itself only checks most of it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func.name() not in _BRINGS:
            where = {tensor.device.type for tensor in _tensors((args, kwargs)) if tensor.ndim}
            assert len(where) < 2, f"{func.name()} mixes tensors of {where}"
        if func.name() == "aten::_fused_sgd_":  # PyTorch can't do it without values
            return None
        return func(*args, **kwargs)


def _tensors(given: Any) -> Iterator[Tensor]:
    return (each for each in tree_leaves(given) if isinstance(each, Tensor))
