"""Images in MATLAB's format of version 5, as the cropped digits of SVHN come.

Only files whose MD5 is right are read: SciPy has no bounds for what a file may claim.
"""

from pathlib import Path

import numpy as np

from paribus.data.pixels import Bytes, UnusableError
from paribus.io.reading import patiently

#: The arrays: images (height, width, channels, n), and their labels (n, 1), in which 10 means 0.
IMAGES, LABELS = "X", "y"


def read_mat(path: Path, shape: tuple[int, int, int], count: int) -> tuple[Bytes, Bytes]:
    """Images (n, channels, height, width) and their labels (n,).

    Args:
        shape: channels, height and width that are expected.
        count: how many images are.

    Raises:
        UnusableError: it is another file.
        ReadError: it can't be read now.
    """
    # Imported here: all other sources do without it.
    from scipy.io import loadmat

    def read() -> dict[str, object]:
        return loadmat(str(path), appendmat=False, variable_names=[IMAGES, LABELS])

    try:
        arrays = patiently(path, read)
    except OSError:
        raise
    except Exception as error:  # SciPy raises many kinds of errors on damaged files
        raise UnusableError(f"{path.name}: {error or type(error).__name__}") from None
    images = _array(arrays.get(IMAGES), path, (*shape[1:], shape[0], count))
    labels = _array(arrays.get(LABELS), path, (count, 1))
    if labels.min() < 1 or labels.max() > 10:
        raise UnusableError(f"{path.name}: expected labels from 1 to 10")
    return np.ascontiguousarray(images.transpose(3, 2, 0, 1)), labels[:, 0] % 10


def _array(array: object, path: Path, shape: tuple[int, ...]) -> Bytes:
    if not isinstance(array, np.ndarray) or (array.shape, array.dtype) != (shape, np.uint8):
        raise UnusableError(f"{path.name}: expected bytes of the shape {shape}")
    return array
