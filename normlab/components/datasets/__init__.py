"""Data sets: what is learnt from. `read` gives plain arrays; the engine splits, scales and places them."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from pydantic import Field

from normlab.core.choice import Part, Record
from normlab.core.errors import Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Task = Literal["classification", "regression"]
Count = Annotated[int, Field(ge=1, le=10**9)]
Standardize = Annotated[
    Literal["none", "feature", "channel", "sample"],
    Field(
        description="Subtract the mean and divide by the deviation: of each feature or pixel, of each "
        "channel (both from the training part only), or of each sample by itself. What never varies is "
        "only centred."
    ),
]


@dataclass(frozen=True)
class Outline:
    """What is known of a data set before it is read."""

    shape: tuple[int, ...]
    """Of one sample: (D,) of a vector, (C, H, W) of an image."""
    task: Task
    num_classes: int
    """0 for regression."""
    num_samples: int
    """That can be split into training and validation."""
    num_val: int = 0
    """Of the validation set that the data brings along; 0 where it is split off."""


@dataclass(frozen=True)
class Samples:
    """A data set in memory."""

    x: "NDArray[np.float32]"
    """(N, *shape)."""
    y: "NDArray[np.int64] | NDArray[np.float32]"
    """Class indices (N,), or values (N, 1)."""
    val: "Samples | None" = None
    """The validation set that the data brings along."""


class Source(Protocol):
    """Samples that are read one by one where they are wanted, in several processes at once."""

    @property
    def y(self) -> "NDArray[np.int64] | NDArray[np.float32]":
        """Class indices (N,), or values (N, 1)."""
        ...

    def sample(self, row: int) -> "NDArray[np.float32]":
        """Read one, (*shape); it is the same each time.

        Raises: DataError with the file's path and the remedy.
        """
        ...


@dataclass(frozen=True)
class Fetched:
    """How far a download is, or the reading of what is too large to be kept."""

    what: str
    done_bytes: int
    total_bytes: int | None


class ScaleFault(Record, frozen=True):
    """A feature in the wrong unit."""

    feature: Annotated[int, Field(ge=0, le=10**6)] = 0
    """Index of the feature, from 0."""
    factor: Annotated[float, Field(gt=0, le=1e9)] = 1000.0
    """What it is multiplied by, before standardisation."""


class ValContrast(Record, frozen=True):
    """Another light on each validation image: x = contrast * x + brightness.

    x counts from 0, the training images' lowest value, to 1, their highest; contrast ~ U(low, high) and
    brightness ~ U(0, brightness) are drawn once for each image. Nothing is cut off at 0 or 1.
    """

    low: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Lowest contrast, as a factor."""
    high: Annotated[float, Field(ge=1, le=100)] = 2.0
    """Highest contrast, as a factor."""
    brightness: Annotated[float, Field(ge=0, le=100)] = 0.5
    """Highest brightness that is added; 1 is the step from the lowest to the highest value."""


class Dataset(Part, frozen=True):
    """A data set, configured, with how it is split and prepared.

    The order: read, split, label noise (training part only), scale fault, contrast of the validation part,
    standardisation.
    """

    val_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the samples held out for validation; 0 trains on all and validates nothing."""
    train_samples: Count | None = None
    """Number of training samples, in place of what the validation part leaves."""
    val_samples: Annotated[int, Field(ge=0, le=10**9)] | None = None
    """Number of validation samples, in place of `val_fraction`, or of the first of those that come with
    the data."""
    stratified: bool = True
    """Keep the share of each class the same in both parts."""
    standardize: Standardize = "none"
    label_noise: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the training labels that are replaced by another class, drawn at random."""
    scale_fault: ScaleFault | None = None
    """Put one feature into the wrong unit."""
    val_contrast: ValContrast | None = None
    """Change contrast and brightness of each validation image, which training never sees."""

    @abstractmethod
    def outline(self, folder: Path) -> Outline:
        """Tell the data's shape and size; a user's own file is looked at, nothing is downloaded.

        Raises: DataError when the file is missing or unreadable.
        """

    @abstractmethod
    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        """Read or draw the samples; `random` is the run's own stream for data.

        Raises: DataError with the file's path, the row or column, and the remedy.
        """

    def streams(self, data: Outline) -> bool:
        """Tell whether samples are read anew each time that they are wanted, and not kept in memory."""
        return False

    def source(self, folder: Path) -> Source:
        """Open a data set that streams.

        Raises: DataError when the files are missing or unreadable.
        """
        raise NotImplementedError(f"{type(self).__name__} never streams")

    def fetch(self, folder: Path) -> Iterator[Fetched]:
        """Download what is missing into `folder`, telling how far it is.

        Raises: DataError naming the folder where the files can be put by hand.
        """
        yield from ()

    def stamp(self) -> str:
        """Tell the state of the files that the data is read from; "" where it is always the same."""
        return ""

    def split_sizes(self, data: Outline) -> tuple[int, int]:
        """Count the training and the validation samples.

        >>> from normlab.core.choice import member
        >>> circles = member(Dataset, "circles", samples=2000, val_fraction=0.3)
        >>> circles.split_sizes(circles.outline(Path()))
        (1400, 600)
        """
        if data.num_val:
            val = data.num_val if self.val_samples is None else self.val_samples
            return self.train_samples or data.num_samples, val
        val = round(data.num_samples * self.val_fraction) if self.val_samples is None else self.val_samples
        return data.num_samples - val if self.train_samples is None else self.train_samples, val

    def problems(self, data: Outline, path: str) -> Iterator[Problem]:
        """Yield what keeps the data from being split and prepared as asked; `path` is the set's place."""
        yield from self._split_problems(data, path)
        yield from self._fault_problems(data, path)

    def _split_problems(self, data: Outline, path: str) -> Iterator[Problem]:
        train, val = self.split_sizes(data)
        held_out = 0 if data.num_val else val
        if data.num_val and self.val_fraction != type(self).model_fields["val_fraction"].default:
            rule = f"is not used: {data.num_val} samples to validate on come with the data"
            remedy = "leave it out, or set val_samples"
            yield Problem(f"{path}.val_fraction", rule, remedy, self.val_fraction, warning=True)
        if data.num_val and val > data.num_val:
            rule = f"is more than the {data.num_val} that come with the data"
            yield Problem(f"{path}.val_samples", rule, "ask for fewer", val)
        if train < 1 or train + held_out > data.num_samples:
            named = [name for name in ("train_samples", "val_samples") if getattr(self, name) is not None]
            at = named[0] if named else "val_fraction"
            rule = f"asks for {train} samples to train on and {held_out} to hold out, of {data.num_samples}"
            yield Problem(f"{path}.{at}", rule, "ask for fewer, or for more data", getattr(self, at))
        elif self.stratified and data.task == "classification":
            parts = {"validation": held_out, "training": train if train < data.num_samples else 0}
            short = next((part for part, count in parts.items() if 0 < count < data.num_classes), None)
            if short:
                rule = f"gives {parts[short]} {short} samples, too few for each of {data.num_classes} classes"
                yield Problem(f"{path}.stratified", rule, "take more, or set stratified = false", True)

    def _fault_problems(self, data: Outline, path: str) -> Iterator[Problem]:
        width, *more = data.shape
        if self.scale_fault is not None and more:
            rule = "is for vectors, and these samples are images"
            yield Problem(f"{path}.scale_fault", rule, "leave it out")
        elif self.scale_fault is not None and self.scale_fault.feature >= width:
            rule = f"is beyond the last of {width} features"
            at = f"{path}.scale_fault.feature"
            yield Problem(at, rule, f"use 0 to {width - 1}", self.scale_fault.feature)
        if self.val_contrast is not None and not more:
            rule = "is for images, and these samples are vectors"
            yield Problem(f"{path}.val_contrast", rule, "leave it out")
        elif self.val_contrast is not None and not self.split_sizes(data)[1]:
            rule = "has no validation images to change"
            yield Problem(f"{path}.val_contrast", rule, "hold some out, or leave it out")
        if self.label_noise and data.task == "regression":
            yield Problem(f"{path}.label_noise", "is for classes", "set it to 0", self.label_noise)
