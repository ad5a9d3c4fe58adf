import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from normlab.components.datasets import Dataset, Outline, ScaleFault, ValContrast
from normlab.components.datasets._stored import StoredImages
from normlab.core.choice import member, members

SETS = members(Dataset)
# Those that need neither a network nor a file of the user's.
OFFLINE = [
    kind for kind, part in SETS.items() if part.fetch is Dataset.fetch and "path" not in part.model_fields
]
DRAWN = [kind for kind in OFFLINE if not issubclass(SETS[kind], StoredImages)]


@pytest.mark.parametrize("kind", OFFLINE)
def test_the_same_stream_gives_the_same_samples_as_outlined(kind, read):
    first, again = read(SETS[kind](), seed=1), read(SETS[kind](), seed=1)
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(first.y, again.y)
    assert list(SETS[kind]().fetch(Path())) == []
    assert list(SETS[kind]().problems(SETS[kind]().outline(Path()), "dataset")) == []


@pytest.mark.parametrize("kind", DRAWN)
def test_another_stream_gives_other_samples(kind, read):
    first, other = read(SETS[kind](), seed=1), read(SETS[kind](), seed=2)
    assert not (np.array_equal(first.x, other.x) and np.array_equal(first.y, other.y))


OWN_FIELDS = [
    (kind, name)
    for kind in DRAWN
    for name in SETS[kind].model_fields
    if name not in Dataset.model_fields and name != "kind"
]


@pytest.mark.parametrize(("kind", "name"), OWN_FIELDS)
def test_each_field_of_a_drawn_set_matters(kind, name, read):
    usual = SETS[kind]()
    value = getattr(usual, name)
    other = SETS[kind](**{name: value + 1 if isinstance(value, int) else value / 2})
    first, second = read(usual), read(other)
    parts = [(first, second), *([(first.val, second.val)] if first.val and second.val else [])]
    assert not all(np.array_equal(a.x, b.x) and np.array_equal(a.y, b.y) for a, b in parts)


@pytest.mark.parametrize("kind", DRAWN)
def test_drawn_sets_obey_their_sizes(kind, read):
    sizes = {"samples": 64, "features": 7, "classes": 4, "informative": 5}
    known = {name: size for name, size in sizes.items() if name in SETS[kind].model_fields}
    samples = read(SETS[kind](**known))
    assert len(samples.x) == 64
    if "features" in known:
        assert samples.x.shape[1] == 7
    if "classes" in known:
        assert set(samples.y) == {0, 1, 2, 3}


def test_an_outline_costs_neither_memory_nor_imports():
    code = """if True:
        import sys
        from pathlib import Path
        from normlab.components.datasets import Dataset
        from normlab.core.choice import members
        sizes = {"samples": 10**9, "features": 100_000, "classes": 100}
        for part in members(Dataset).values():
            if "path" not in part.model_fields:
                known = {name: sizes[name] for name in sizes if name in part.model_fields}
                assert part(**known).outline(Path()).num_samples
        print({"torch", "torchvision", "sklearn", "scipy", "numpy", "pyarrow"} & set(sys.modules))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


IMAGES = Outline((1, 28, 28), "classification", num_classes=10, num_samples=100)
TESTED = Outline((2,), "classification", num_classes=2, num_samples=100, num_val=50)
LINE = Outline((1,), "regression", num_classes=0, num_samples=100)


@pytest.mark.parametrize(
    ("outline", "settings", "faulty"),
    [
        (IMAGES, {}, []),
        (IMAGES, {"val_samples": 100}, ["val_samples"]),
        (IMAGES, {"train_samples": 90}, ["train_samples"]),
        (IMAGES, {"val_fraction": 0.05}, ["stratified"]),
        (IMAGES, {"val_fraction": 0.05, "stratified": False}, []),
        (IMAGES, {"val_fraction": 0.0}, []),
        (replace(IMAGES, num_samples=5), {"val_fraction": 0.0}, []),
        (IMAGES, {"train_samples": 9}, ["stratified"]),
        (IMAGES, {"scale_fault": ScaleFault()}, ["scale_fault"]),
        (TESTED, {}, []),
        (replace(IMAGES, num_val=9), {}, []),
        (TESTED, {"train_samples": 100}, []),
        (TESTED, {"train_samples": 101}, ["train_samples"]),
        (TESTED, {"val_samples": 10}, []),
        (TESTED, {"val_samples": 51}, ["val_samples"]),
        (TESTED, {"val_fraction": 0.1}, ["val_fraction (warning)"]),
        (TESTED, {"scale_fault": ScaleFault(feature=2)}, ["scale_fault.feature"]),
        (LINE, {"label_noise": 0.1}, ["label_noise"]),
        (IMAGES, {"val_contrast": ValContrast()}, []),
        (IMAGES, {"val_contrast": ValContrast(), "val_fraction": 0.0}, ["val_contrast"]),
        (TESTED, {"val_contrast": ValContrast()}, ["val_contrast"]),
    ],
)
def test_what_can_not_be_split_or_prepared_is_told(outline, settings, faulty):
    found = member(Dataset, "moons", **settings).problems(outline, "dataset")
    expected = [f"dataset.{place}" for place in faulty]
    assert [p.path + " (warning)" * p.warning for p in found] == expected


def test_more_digits_than_there_are_is_told():
    digits = member(Dataset, "digits", samples=1798)
    assert [str(p) for p in digits.problems(digits.outline(Path()), "dataset")] == [
        "dataset.samples: 1798: is more than the 1797 images there are; ask for fewer, or leave it out"
    ]
