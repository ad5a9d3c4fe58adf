"""Images that are always the same ones, of which the first can be taken."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from normlab.components.datasets import Count, Dataset, Outline
from normlab.core.errors import Problem


class StoredImages(Dataset, frozen=True):
    """Images of ten classes, in an order of their own."""

    shape: ClassVar[tuple[int, int, int]]
    num_classes: ClassVar[int] = 10
    num_stored: ClassVar[int]
    """Images that can be split into training and validation."""

    samples: Count | None = None
    """Take only so many, the first in the files' order; none takes all."""

    def outline(self, folder: Path) -> Outline:
        taken = min(self.samples or self.num_stored, self.num_stored)
        return Outline(self.shape, "classification", self.num_classes, taken)

    def problems(self, data: Outline, path: str) -> Iterator[Problem]:
        yield from super().problems(data, path)
        if self.samples is not None and self.samples > self.num_stored:
            rule = f"is more than the {self.num_stored} images there are"
            yield Problem(f"{path}.samples", rule, "ask for fewer, or leave it out", self.samples)
