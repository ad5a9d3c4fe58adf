import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from normlab.components.datasets import Dataset
from normlab.core.choice import member


def linear_accuracy(samples) -> float:
    """Accuracy of least squares on one-hot targets."""
    x = np.hstack([samples.x, np.ones((len(samples.x), 1))])
    weights = np.linalg.lstsq(x, np.eye(samples.y.max() + 1)[samples.y], rcond=None)[0]
    return float(((x @ weights).argmax(axis=1) == samples.y).mean())


@pytest.mark.parametrize("kind", ["circles", "moons", "spirals"])
def test_no_straight_line_parts_the_curved_sets(kind, read):
    samples = read(member(Dataset, kind, samples=600))
    assert linear_accuracy(samples) < 0.9
    nearest = np.linalg.norm(samples.x[:, None] - samples.x[None], axis=2) + np.diag(np.full(600, np.inf))
    assert (samples.y[nearest.argmin(axis=1)] == samples.y).mean() > 0.95


def test_a_spiral_without_noise_unwinds_to_its_classes(read):
    samples = read(member(Dataset, "spirals", samples=301, classes=5, turns=2.5, noise=0.0))
    radius = np.hypot(*samples.x.T)
    turned = np.arctan2(samples.x[:, 1], samples.x[:, 0]) / (2 * math.pi) - 2.5 * radius
    distance = turned * 5 - samples.y
    near = np.abs((distance + 2.5) % 5 - 2.5)
    assert near[radius > 0.01].max() < 0.01
    assert sorted(np.bincount(samples.y)) == [60, 60, 60, 60, 61]


def test_blobs_stand_apart_as_their_spread_says(read):
    samples = read(member(Dataset, "blobs", features=5, spread=0.1))
    within = [samples.x[samples.y == label].std(axis=0).mean() for label in range(3)]
    np.testing.assert_allclose(within, 0.1, rtol=0.1)
    assert samples.x.std() > 2


def test_random_labels_tell_nothing(read):
    samples = read(member(Dataset, "random_labels", samples=10_000))
    assert abs(samples.y.mean() - 0.5) < 0.02
    assert linear_accuracy(samples) < 0.53
    assert abs(samples.x.mean()) < 0.02
    assert abs(samples.x.std() - 1) < 0.02


def test_a_linear_pattern_is_the_sign_of_the_sum(read):
    samples = read(member(Dataset, "linear_pattern"))
    np.testing.assert_array_equal(samples.y, samples.x.sum(axis=1) > 0)
    assert linear_accuracy(samples) > 0.97


def test_a_noisy_line_is_validated_on_the_same_points(read):
    samples = read(member(Dataset, "noisy_line", samples=4000))
    np.testing.assert_array_equal(samples.x, samples.val.x)
    np.testing.assert_allclose(samples.x[:, 0], np.linspace(-1, 1, 4000), rtol=1e-6)
    assert abs((samples.y - 1.5 * samples.x).std() - 0.5) < 0.02
    assert abs((samples.val.y - 1.5 * samples.x).std() - 0.3) < 0.02


def test_classification_says_which_numbers_do_not_go_together():
    wrong = member(Dataset, "classification", features=5, informative=3, redundant=3, classes=5)
    assert [str(p) for p in wrong.problems(wrong.outline(Path()), "dataset")] == [
        "dataset.features: 5: is less than the 3 informative and 3 redundant ones; use at least 6",
        "dataset.informative: 3: gives 8 corners to 10 clouds, 2 for each class; use at least 4",
    ]


@pytest.mark.parametrize("classes", [2, 3, 4, 5, 16])
def test_classification_can_be_drawn_where_it_has_no_objection(classes, read):
    for informative in range(1, 7):
        part = member(Dataset, "classification", samples=64, informative=informative, classes=classes)
        if list(part.problems(part.outline(Path()), "dataset")):
            with pytest.raises(ValueError, match="n_informative"):
                read(part)
        else:
            read(part)


def test_digits_are_scikit_learn_s_in_their_order(read):
    stored = load_digits()
    samples = read(member(Dataset, "digits", samples=32))
    np.testing.assert_array_equal(samples.x[:, 0], stored.images[:32])
    np.testing.assert_array_equal(samples.y, stored.target[:32])
    assert len(read(member(Dataset, "digits")).x) == 1797
