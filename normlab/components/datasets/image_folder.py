import hashlib
import math
import os
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.datasets import Dataset, Outline, Samples, Standardize
from normlab.core.errors import DataError, Problem
from normlab.core.text import Line, visible

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp")
# What those names stand for, and no other: Pillow would hand PostScript to Ghostscript, whatever its name.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
# Images beyond this are not kept: beside them a run holds copies, while it splits and scales them.
_KEPT_BYTES = 2 * 2**30


class ImageFolder(Dataset, frozen=True):
    """Images of your own in a folder per class, resized to a square.

    Classes are numbered in the sorted order of the folders' names. Other files, and what lies in folders
    further down, are left alone. Images are turned upright as their camera noted, 16 bits of grey become 8,
    and what is transparent lies on white.

    Shape: (1, size, size) or (3, size, size), values 0 to 1.
    """

    kind: Literal["image_folder"] = "image_folder"
    path: Line = ""
    """The folder that holds the classes' folders; a relative path starts in the working directory."""
    size: Annotated[int, Field(ge=1, le=4096)] = 32
    """Width and height that the images are resized to, in pixels."""
    channels: Literal["grey", "rgb"] = "rgb"
    """One channel of brightness, or red, green and blue."""
    stream: Literal["auto", "always", "never"] = "auto"
    """Read the images anew each time, in processes of their own, in place of keeping them all in memory;
    "auto" does so where they would take more than 2 GiB. No result depends on it."""
    standardize: Standardize = "channel"

    def outline(self, folder: Path) -> Outline:
        classes = self._classes()
        return Outline(self._shape(), "classification", len(classes), sum(map(len, classes)))

    def stamp(self) -> str:
        known = hashlib.sha256()
        try:
            for image in (image for images in self._classes() for image in images):
                state = os.stat(image)
                known.update(f"{image} {state.st_size} {state.st_mtime_ns}\n".encode())
        except (DataError, OSError):
            return "missing"
        return known.hexdigest()[:32]

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        import numpy as np

        source = self.source(folder)
        x = np.empty((len(source.y), *self._shape()), "float32")
        for row in range(len(x)):
            x[row] = source.sample(row)
        return Samples(x, source.y)

    def streams(self, data: Outline) -> bool:
        needed = 4 * math.prod(data.shape) * data.num_samples
        return self.stream == "always" or (self.stream == "auto" and needed > _KEPT_BYTES)

    def source(self, folder: Path) -> "ImageFiles":
        import numpy as np

        classes = self._classes()
        y = np.repeat(np.arange(len(classes)), [len(images) for images in classes])
        return ImageFiles(self, tuple(path for images in classes for path in images), y)

    def _shape(self) -> tuple[int, int, int]:
        return 1 if self.channels == "grey" else 3, self.size, self.size

    def _classes(self) -> list[tuple[str, ...]]:
        try:
            return self._list_classes()
        except OSError as error:
            place = str(error.filename or self.path)
            rule = f"can't be read ({error.strerror or error})"
            raise DataError(Problem(place, rule, "check its permissions, or remove it")) from error

    def _list_classes(self) -> list[tuple[str, ...]]:
        """List the images of each class."""
        root = os.path.abspath(os.path.expanduser(self.path))
        if not self.path or not os.path.isdir(root):
            remedy = "give the folder that holds a folder for each class"
            raise DataError(Problem("dataset.path", "is no folder", remedy, self.path))
        with os.scandir(root) as entries:
            folders = sorted(entry.path for entry in entries if entry.is_dir() and entry.name[0] != ".")
        if len(folders) < 2:
            rule = f"holds {len(folders)} folders, and each class has one"
            raise DataError(Problem(root, rule, "give the folder above, or add another class"))
        classes = [_images(folder, os.stat(folder).st_mtime_ns) for folder in folders]
        for folder, images in zip(folders, classes, strict=True):
            if not images:
                remedy = f"put some into it ({', '.join(SUFFIXES)}), or remove it"
                raise DataError(Problem(folder, "holds no image", remedy))
        return classes

    def read_image(self, path: str) -> "NDArray[np.float32]":
        """Read and resize one image, (channels, size, size). Raises: DataError when it can't be."""
        import numpy as np
        from PIL import Image

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(path, formats=FORMATS) as image:
                    square = _plain(image).convert("L" if self.channels == "grey" else "RGB")
                    square = square.resize((self.size, self.size), Image.Resampling.BILINEAR)
        except DataError:
            raise
        except Exception as error:  # whatever the damage causes: Pillow knows no common error
            said = visible(str(error).split("\n")[0], 200) or type(error).__name__
            raise DataError(
                Problem(path, f"can't be read as an image ({said})", "mend or remove it")
            ) from error
        pixels = np.asarray(square, "float32")
        pixels /= 255
        return pixels[None] if self.channels == "grey" else pixels.transpose(2, 0, 1)


@dataclass(frozen=True)
class ImageFiles:
    """The images of a folder, and their classes (N,)."""

    part: ImageFolder
    paths: tuple[str, ...]
    y: "NDArray[np.int64]"

    def sample(self, row: int) -> "NDArray[np.float32]":
        return self.part.read_image(self.paths[row])


def _plain(image: "Image.Image") -> "Image.Image":
    """Turn the image upright, with 8 bits a channel and nothing transparent."""
    import numpy as np
    from PIL import Image, ImageOps

    # Pillow opens 16 bits of these formats as I too.
    is_deep = image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM"))
    if image.mode in ("I", "F") and not is_deep:
        rule, remedy = "holds numbers without a known white", "save it with 8 or 16 bits a channel"
        raise DataError(Problem(str(getattr(image, "filename", "image")), rule, remedy, image.mode))
    ImageOps.exif_transpose(image, in_place=True)  # else what stands upright is copied
    if is_deep:
        # Pillow's own conversion cuts off at 255 instead of scaling.
        image = Image.fromarray((np.asarray(image) // 257).astype("uint8"))
    if not image.has_transparency_data:
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))


@lru_cache(maxsize=1024)
def _images(folder: str, mtime_ns: int) -> tuple[str, ...]:
    with os.scandir(folder) as entries:
        return tuple(sorted(e.path for e in entries if e.name.lower().endswith(SUFFIXES) and e.is_file()))
