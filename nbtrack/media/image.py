"""Saves PIL images and numpy arrays to image files, and loads them; the only user of Pillow."""

from __future__ import annotations

import re
import sys
import uuid
import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, WrongType
from ..validation import amount, shown, text
from .suffix import suffix_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["image_bytes", "image_path", "load_image", "thumbnail_bytes"]

_KEY = re.compile(r"[a-zA-Z0-9_\-./ ]+")
_THUMBNAIL = 256  # pixels of the longer side, as MLflow's


def image_path(artifact_file: str | None, key: str | None, step: int | None, timestamp: int) -> str:
    """Return the artifact path of an image: the given one, or MLflow's path for an image of a series.

    Args:
        artifact_file: The file's path, if there is neither key nor step.
        key: The name of a series of images.
        step: The step in the series; None: 0.
        timestamp: Milliseconds since the epoch, for the series.

    Raises:
        InvalidInput: Both are given, or neither, or the key has a character that MLflow refuses.
    """
    if (artifact_file is None) == (key is None) or (artifact_file is not None and step is not None):
        raise InvalidInput("log_image takes either artifact_file, such as 'dir/image.png', or key with an optional step")
    if artifact_file is not None:
        return artifact_file
    if key is None or not _KEY.fullmatch(text(key, "the key of an image")):
        raise InvalidInput(f"image key {shown(key)} may contain only ASCII letters and digits, '_', '-', '.', ' ' and '/'")
    at = amount(step, "step") or 0
    return f"images/{key.replace('/', '~')}+step+{at}+timestamp+{timestamp}+{uuid.uuid4()}.png"


def image_bytes(image: Any, path: str) -> bytes:
    """Return an image in the format of the path's suffix.

    Args:
        image: A PIL image, or an array of height x width, with 1, 3 or 4 channels last or none. Integers are 0 to 255; floats
            are 0 to 1, or else 0 to 255, or else scaled from their range with a warning; pixels that are not finite are black.
        path: The file's name, such as ``sample.png``.

    Raises:
        WrongType: It is neither, or an array of another type.
        InvalidInput: The array has another shape or range, or the suffix names no format.
    """
    from PIL import Image

    picture = _picture(image)
    kind = Image.registered_extensions().get(suffix_of(path))
    if kind not in Image.SAVE:
        raise InvalidInput(f"image file {shown(path)} has no ending that names an image format; '.png' always does")
    return _saved(picture.convert("RGB") if kind == "JPEG" else picture, kind, path)


def thumbnail_bytes(image: Any) -> bytes:
    """Return a WebP of at most 256 pixels a side, MLflow's ``+compressed.webp`` of an image of a series."""
    picture = _picture(image)
    longer = max(picture.size)
    size = tuple(max(1, side * _THUMBNAIL // longer) for side in picture.size)
    return _saved(picture.convert("RGBA" if "A" in picture.mode else "RGB").resize(size), "WEBP", "thumbnail.webp")


def load_image(data: bytes, path: str) -> Image:
    """Return the image in a file, decoded completely.

    Raises:
        InvalidInput: It is not an image, or has more pixels than Pillow considers safe.
    """
    from PIL import Image

    try:
        picture = Image.open(BytesIO(data))
        picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidInput(f"{path!r} cannot be read as an image: {error}; open() gives its bytes") from error
    return picture


def _saved(picture: Any, kind: str, path: str) -> bytes:
    buffer = BytesIO()
    try:
        picture.save(buffer, kind)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"the image of mode {picture.mode} cannot be written as {path!r}: {error}; try '.png'") from error
    return buffer.getvalue()


def _picture(image: Any) -> Any:
    """Return any image as a PIL image."""
    pillow = sys.modules.get("PIL.Image")
    if pillow and isinstance(image, pillow.Image):
        return image
    if hasattr(image, "to_pil"):
        return image.to_pil()
    if not hasattr(image, "__array__"):
        raise WrongType(f"log_image takes a PIL image or a numpy array, not {type(image).__qualname__}; for a figure, log_figure")
    from PIL import Image

    return Image.fromarray(_pixels(image))


def _pixels(image: Any) -> NDArray[np.uint8]:
    import numpy as np

    array = np.asarray(image)
    if array.dtype.kind not in "biuf":
        raise WrongType(f"an image must have integers, floats or bools, not {array.dtype} (shape {array.shape})")
    _check_shape(array.shape)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * 255
    return _from_floats(array) if array.dtype.kind == "f" else _from_integers(array)


def _check_shape(shape: tuple[int, ...]) -> None:
    if 0 in shape:
        raise InvalidInput(f"an array of shape {shape} has no pixels")
    if len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4)):
        return
    hint = ""
    if len(shape) == 3 and shape[0] in (1, 3, 4):
        hint = "; its channels are first: move them last with numpy.moveaxis(image, 0, -1)"
    elif len(shape) == 4:
        hint = "; it looks like a batch: log its images one by one"
    raise InvalidInput(f"an image must be height x width, or height x width x 1, 3 or 4, not {shape}{hint}")


def _from_integers(array: NDArray[Any]) -> NDArray[np.uint8]:
    import numpy as np

    low, high = int(array.min()), int(array.max())
    if low < 0 or high > 255:
        raise InvalidInput(f"integer pixels must be 0 to 255, and these are {low} to {high} ({array.dtype}); scale them first")
    return array.astype(np.uint8)


def _from_floats(array: NDArray[Any]) -> NDArray[np.uint8]:
    import numpy as np

    finite = np.isfinite(array)
    array = np.where(finite, array, 0.0)
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 255:
        warnings.warn(f"float pixels from {low:g} to {high:g} were stretched to 0 to 1", UserWarning, stacklevel=5)
        inside = array[finite]
        low, high = float(inside.min()), float(inside.max())
        array = np.where(finite, (array - low) / ((high - low) or 1.0), 0.0)
        high = 1.0
    scaled: NDArray[np.uint8] = np.rint(array * (255 if high <= 1 else 1)).astype(np.uint8)
    return scaled
