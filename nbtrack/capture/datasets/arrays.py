"""Describes numpy arrays and torch tensors by an evenly spaced sample of their elements."""

from __future__ import annotations

import sys
from typing import Any

from ..value_bytes import ValueBytes, is_plain
from .facts import LONGEST_NAME, SAMPLE_BYTES, SAMPLE_ON_DISK, DatasetFacts

__all__ = ["is_on_disk", "read_numpy_array", "read_torch_tensor"]

_SAMPLE_ELEMENTS = 16_384


def read_numpy_array(array: Any) -> DatasetFacts:
    """Describe an array."""
    numpy = sys.modules["numpy"]
    mask, on_disk = numpy.ma.getmask(array), is_on_disk(array)
    array = numpy.asarray(array)  # a subclass could run code of its own
    most = min(SAMPLE_ON_DISK if on_disk else _SAMPLE_ELEMENTS, max(1, SAMPLE_BYTES // max(1, array.itemsize)))
    is_sample = array.size > most
    where = numpy.linspace(0, array.size - 1, most).astype(numpy.int64) if is_sample else slice(None)
    sample = array.flat[where] if is_sample else array
    contents = ValueBytes()
    data = _objects(sample, contents) if array.dtype.hasobject else sample.tobytes()
    if mask is not numpy.ma.nomask:
        data += mask.flat[where].tobytes()
    dtype = str(array.dtype)[:LONGEST_NAME]
    return DatasetFacts(tuple(array.shape), None, dtype, data, is_sample, tuple(contents.opaque))


def _objects(sample: Any, contents: ValueBytes) -> bytes:
    values = sample.ravel().tolist()
    return str(sample.tolist()).encode("utf-8", errors="replace") if is_plain(values) else contents.read(values)


def is_on_disk(array: Any) -> bool:
    """Return whether an array is, or is a view of, a memory-mapped file."""
    memmap = sys.modules["numpy"].memmap
    while array is not None:
        if isinstance(array, memmap):
            return True
        array = getattr(array, "base", None)
    return False


def read_torch_tensor(tensor: Any) -> DatasetFacts:
    """Describe a tensor."""
    numpy, torch = sys.modules["numpy"], sys.modules["torch"]
    count = tensor.numel()
    positions = numpy.linspace(0, max(0, count - 1), min(count, _SAMPLE_ELEMENTS)).astype(numpy.int64)
    where = numpy.unravel_index(positions, tuple(tensor.shape)) if count else ()
    sample = tensor.detach()[tuple(torch.from_numpy(index) for index in where)] if count else tensor
    data = str(sample.tolist())[:SAMPLE_BYTES].encode()
    return DatasetFacts(tuple(tensor.shape), None, str(tensor.dtype).removeprefix("torch."), data, count > _SAMPLE_ELEMENTS)
