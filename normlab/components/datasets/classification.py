from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.datasets import Count, Dataset, Outline, Samples
from normlab.core.errors import Problem

if TYPE_CHECKING:
    import numpy as np

CLUSTERS_PER_CLASS = 2


class Classification(Dataset, frozen=True):
    """Classes as two clouds each, on the corners of a hypercube, among features that tell nothing.

    Shape: (features,). Drawn anew for each seed.
    Source: scikit-learn, make_classification, after Guyon 2003, Design of experiments for the NIPS 2003
    variable selection benchmark.
    """

    kind: Literal["classification"] = "classification"
    samples: Count = 2000
    """Number of samples, all classes together."""
    features: Annotated[int, Field(ge=1, le=100_000)] = 20
    """Number of values in a sample: informative, redundant, and the rest normal noise."""
    informative: Annotated[int, Field(ge=1, le=1000)] = 10
    """Number of features that tell the classes apart: the dimension of the hypercube."""
    redundant: Annotated[int, Field(ge=0, le=1000)] = 0
    """Number of features that are random mixtures of the informative ones."""
    classes: Annotated[int, Field(ge=2, le=10_000)] = 2
    """Number of classes."""
    flip: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Share of the labels that are drawn anew, in training and validation alike."""
    class_sep: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    """Half the length of the hypercube's edges: more parts the classes further."""

    def outline(self, folder: Path) -> Outline:
        return Outline((self.features,), "classification", self.classes, self.samples)

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        import numpy as np
        from sklearn.datasets import make_classification

        x, y = make_classification(
            self.samples,
            self.features,
            n_informative=self.informative,
            n_redundant=self.redundant,
            n_classes=self.classes,
            n_clusters_per_class=CLUSTERS_PER_CLASS,
            flip_y=self.flip,
            class_sep=self.class_sep,
            random_state=int(random.integers(2**32)),
        )
        return Samples(np.asarray(x, "float32"), np.asarray(y, "int64"))

    def problems(self, data: Outline, path: str) -> Iterator[Problem]:
        yield from super().problems(data, path)
        told = self.informative + self.redundant
        if told > self.features:
            rule = f"is less than the {self.informative} informative and {self.redundant} redundant ones"
            yield Problem(f"{path}.features", rule, f"use at least {told}", self.features)
        needed = (CLUSTERS_PER_CLASS * self.classes - 1).bit_length()
        if self.informative < needed:
            corners = f"{2**self.informative} corners to {CLUSTERS_PER_CLASS * self.classes} clouds"
            rule = f"gives {corners}, {CLUSTERS_PER_CLASS} for each class"
            yield Problem(f"{path}.informative", rule, f"use at least {needed}", self.informative)
