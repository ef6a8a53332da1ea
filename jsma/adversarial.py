"""An adversarial image as a file, in the formats that other programs read."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .writing import ending


def _npy(image: Tensor) -> bytes:
    file = io.BytesIO()
    np.save(file, image.numpy())
    return file.getvalue()


def _npz(image: Tensor) -> bytes:
    file = io.BytesIO()
    np.savez(file, image=image.numpy())
    return file.getvalue()


def _pt(image: Tensor) -> bytes:
    file = io.BytesIO()
    torch.save(image, file)
    return file.getvalue()


def _png(image: Tensor) -> bytes:
    from PIL import Image  # imported here, since few need it

    if image.shape[0] not in (1, 3):
        raise ValueError(f"A PNG file has 1 or 3 channels; the image has {image.shape[0]}. Use .npy, .npz or .pt.")
    values = (255 * image).round().to(torch.uint8).permute(1, 2, 0).numpy()  # (H, W, C)
    file = io.BytesIO()
    Image.fromarray(values[..., 0] if values.shape[2] == 1 else values).save(file, format="PNG")
    return file.getvalue()


FORMATS: dict[str, Callable[[Tensor], bytes]] = {".npy": _npy, ".npz": _npz, ".pt": _pt, ".png": _png}
"""The table of all formats, by file name extension in lower case."""


def image_file(image: Tensor, path: str | Path) -> bytes:
    """Return the content of a file with `image`, (C, H, W) in [0, 1], in the format that the extension of `path` says.

    .npy: the array (C, H, W), float32 or as the image; .npz: the same, under the name "image"; .pt: the tensor, for
    torch.load(file, weights_only=True); .png: one pixel per pixel, 8 bits, 255 for 1, rounded. Upper and lower case
    are the same. Raises ValueError for another extension, and for a PNG with other than 1 or 3 channels.
    """
    return FORMATS[ending(path, FORMATS)](image.detach().cpu().contiguous().clone())
