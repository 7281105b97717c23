"""Arrays of numpy and tensors of torch: an evenly spaced sample of the elements."""

from __future__ import annotations

import sys
from typing import Any

from ..contents import Contents, is_plain
from .facts import LONGEST_NAME, SAMPLE_BYTES, SAMPLE_ON_DISK, Facts

__all__ = ["is_on_disk", "read_numpy_array", "read_torch_tensor"]

_SAMPLE_ELEMENTS = 16_384


def read_numpy_array(array: Any) -> Facts:
    """Read an array."""
    numpy = sys.modules["numpy"]
    mask, on_disk = numpy.ma.getmask(array), is_on_disk(array)
    array = numpy.asarray(array)  # without the code of a subclass
    most = min(SAMPLE_ON_DISK if on_disk else _SAMPLE_ELEMENTS, max(1, SAMPLE_BYTES // max(1, array.itemsize)))
    is_sample = array.size > most
    where = numpy.linspace(0, array.size - 1, most).astype(numpy.int64) if is_sample else slice(None)
    sample = array.flat[where] if is_sample else array
    contents = Contents()
    data = _objects(sample, contents) if array.dtype.hasobject else sample.tobytes()
    if mask is not numpy.ma.nomask:
        data += mask.flat[where].tobytes()
    dtype = str(array.dtype)[:LONGEST_NAME]
    return Facts(tuple(array.shape), None, dtype, data, is_sample, tuple(contents.opaque))


def _objects(sample: Any, contents: Contents) -> bytes:
    values = sample.ravel().tolist()
    return str(sample.tolist()).encode("utf-8", errors="replace") if is_plain(values) else contents.read(values)


def is_on_disk(array: Any) -> bool:
    """Tell whether an array is a file that is mapped into memory, or a part of one."""
    memmap = sys.modules["numpy"].memmap
    while array is not None:
        if isinstance(array, memmap):
            return True
        array = getattr(array, "base", None)
    return False


def read_torch_tensor(tensor: Any) -> Facts:
    """Read a tensor."""
    numpy, torch = sys.modules["numpy"], sys.modules["torch"]
    count = tensor.numel()
    positions = numpy.linspace(0, max(0, count - 1), min(count, _SAMPLE_ELEMENTS)).astype(numpy.int64)
    where = numpy.unravel_index(positions, tuple(tensor.shape)) if count else ()
    sample = tensor.detach()[tuple(torch.from_numpy(index) for index in where)] if count else tensor
    data = str(sample.tolist())[:SAMPLE_BYTES].encode()
    return Facts(tuple(tensor.shape), None, str(tensor.dtype).removeprefix("torch."), data, count > _SAMPLE_ELEMENTS)
