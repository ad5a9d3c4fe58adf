from pathlib import Path

import numpy as np
import pytest
import torch

from normlab.components.datasets import Dataset, Outline, Samples, ScaleFault, ValContrast
from normlab.core.choice import member
from normlab.core.errors import DataError
from normlab.engine.data import add_label_noise, batches, change_contrast, load, scaler, split
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.trainer import Trainer
from normlab.lab.batches import batch_sizes
from normlab.lab.experiment import Experiment, Training
from normlab.lab.settings import change

CPU = torch.device("cpu")


def data_of(settings, seed=0):
    return load(change(Experiment(), {"seed": seed, **settings}), Path(), CPU)


def test_digits_are_split_70_to_30_by_class_and_standardised():
    data = data_of({})
    assert (data.num_train, data.num_val) == (1258, 539)
    shares = [torch.bincount(y).float() / len(y) for y in (data.train_y, data.val_y)]
    torch.testing.assert_close(shares[0], shares[1], atol=0.003, rtol=0)
    mean, deviation = data.train_x.mean(0), data.train_x.std(0, correction=0)
    torch.testing.assert_close(mean, torch.zeros_like(mean), atol=1e-5, rtol=0)
    varied = deviation > 0
    assert varied.sum() == 61
    torch.testing.assert_close(deviation[varied], torch.ones(61), atol=1e-5, rtol=0)
    assert data.val_x.mean().abs() > 1e-4, "the validation part is scaled by the training part's numbers"


def test_the_seed_decides_data_and_split():
    same, again, other = (data_of({"dataset.kind": "circles"}, seed) for seed in (3, 3, 4))
    assert torch.equal(same.train_x, again.train_x)
    assert not torch.equal(same.train_x, other.train_x)


def test_no_model_setting_touches_data_or_split():
    base, arm = (
        data_of({}),
        data_of({"model.norm.kind": "batch", "optimizer.kind": "sgd", "training.epochs": 3}),
    )
    assert torch.equal(base.train_x, arm.train_x)
    assert torch.equal(base.val_y, arm.val_y)


def test_parts_never_overlap():
    x = np.arange(100, dtype=np.float32)[:, None]
    y = np.arange(100) % 2
    dataset = member(Dataset, "digits", train_samples=30, val_samples=20)
    train, val = split(dataset, Outline((1,), "classification", 2, 100), Samples(x, y), 0)
    assert (len(train.x), len(val.x)) == (30, 20)
    assert not set(train.x.ravel()) & set(val.x.ravel())
    assert list(train.x.ravel().astype(int) % 2) == list(train.y)


def test_a_class_too_small_to_split_is_told():
    y = np.array([0] * 99 + [1])
    dataset = member(Dataset, "digits", val_fraction=0.5)
    with pytest.raises(DataError, match="dataset.stratified"):
        split(dataset, Outline((1,), "classification", 2, 100), Samples(np.zeros((100, 1), np.float32), y), 0)


def test_a_validation_set_of_its_own_can_be_cut_short():
    x, y = np.zeros((6, 1), np.float32), np.arange(6) % 2
    dataset = member(Dataset, "mnist", val_samples=2)
    samples = Samples(x, y, val=Samples(x + 1, y))
    train, val = split(dataset, Outline((1,), "classification", 2, 6, num_val=6), samples, 0)
    assert (len(train.x), val.x.tolist()) == (6, [[1], [1]])


def test_label_noise_replaces_exactly_its_share_by_other_classes():
    y = np.arange(1000) % 10
    noisy = add_label_noise(y, 0.2, 10, 0)
    changed = noisy != y
    assert changed.sum() == 200
    assert set(noisy) == set(range(10))
    shifts = np.bincount((noisy - y)[changed] % 10, minlength=10)
    assert shifts[1:].min() > 5, "every other class is drawn"
    assert (y == np.arange(1000) % 10).all(), "the given array is left alone"
    one_class = add_label_noise(np.zeros(10, np.int64), 1.0, 3, 0)
    assert set(one_class) <= {1, 2}, "classes that the training part lacks are drawn too"


def test_only_training_labels_are_noisy():
    clean, noisy = data_of({}), data_of({"dataset.label_noise": 0.5})
    assert torch.equal(clean.val_y, noisy.val_y)
    assert (clean.train_y != noisy.train_y).sum() == round(0.5 * 1258)


@pytest.mark.parametrize("kind", ["feature", "channel", "sample"])
def test_standardisation_has_mean_0_and_deviation_1(kind):
    x = np.random.default_rng(0).normal(3, 7, (50, 2, 4, 4)).astype(np.float32)
    axes = {"feature": (0,), "channel": (0, 2, 3), "sample": (1, 2, 3)}[kind]
    train = scaler(member(Dataset, "digits", standardize=kind), x)(x)
    np.testing.assert_allclose(train.mean(axes), 0, atol=1e-5)
    np.testing.assert_allclose(train.std(axes), 1, atol=1e-4)


def test_a_constant_feature_is_only_centred():
    x = np.full((10, 3), 0.1, np.float32)
    train, val = map(scaler(member(Dataset, "digits", standardize="feature"), x), (x, x + 1))
    np.testing.assert_allclose(train, 0, atol=1e-6)
    np.testing.assert_allclose(val, 1, atol=1e-6)


def test_a_scale_fault_hits_one_feature_before_standardisation():
    x = np.ones((4, 3), np.float32)
    dataset = member(Dataset, "circles", scale_fault=ScaleFault(feature=1, factor=1000.0))
    train = scaler(dataset, x)(x)
    assert train.tolist() == [[1, 1000, 1]] * 4


RAW = {"dataset.standardize": "none", "dataset.kind": "digits"}
LIGHT = {"dataset.val_contrast": {"low": 0.2, "high": 2.0, "brightness": 0.5}}


def test_another_contrast_is_a_line_for_each_validation_image_and_touches_no_training_image():
    plain, changed = data_of(RAW), data_of(RAW | LIGHT)
    assert torch.equal(plain.train_x, changed.train_x)
    x, y = plain.val_x.flatten(1) / 16, changed.val_x.flatten(1) / 16  # digits go from 0 to 16
    brightness = y.min(1).values  # every digit has a pixel of 0
    contrast = (y.max(1).values - brightness) / x.max(1).values
    torch.testing.assert_close(y, contrast[:, None] * x + brightness[:, None], atol=1e-5, rtol=0)
    assert 0.2 <= contrast.min() < 0.25
    assert 1.95 < contrast.max() <= 2.0
    assert 0 <= brightness.min() < 0.02
    assert 0.48 < brightness.max() <= 0.5
    assert abs(torch.corrcoef(torch.stack((contrast, brightness)))[0, 1]) < 0.1


def test_contrast_is_counted_from_the_lowest_training_value():
    train, x = np.array([[-2.0, 2.0]], np.float32), np.array([[-2.0, 0.0, 4.0]], np.float32)
    wanted = ValContrast(low=1.0, high=2.0, brightness=0.0)
    low, middle, high = change_contrast(x, wanted, train, 0)[0]
    assert low == -2
    assert 1 <= (middle + 2) / 2 <= 2
    assert high + 2 == pytest.approx(3 * (middle + 2))
    assert x.tolist() == [[-2, 0, 4]], "the given array is left alone"
    same = ValContrast(low=1.0, high=1.0, brightness=0.0)
    assert change_contrast(x, same, train, 0).tolist() == x.tolist()


def test_the_seed_decides_the_contrast():
    first, again, other = (data_of(RAW | LIGHT, seed).val_x.sum() for seed in (0, 0, 1))
    assert first == again != other


def test_an_epoch_has_every_sample_once_in_an_order_of_its_own():
    data = data_of({"dataset.kind": "circles", "dataset.samples": 100})
    sizes = batch_sizes(Training(batch_size=16), data.num_train)
    epochs = [torch.cat([x for x, _ in batches(data, sizes, e, 0, shuffled=True)]) for e in (1, 1, 2)]
    assert torch.equal(epochs[0], epochs[1])
    assert not torch.equal(epochs[0], epochs[2])
    for epoch in epochs:
        assert torch.equal(epoch.sort(0).values, data.train_x.sort(0).values)


@pytest.mark.parametrize("last_batch", ["keep", "drop", "merge"])
@pytest.mark.parametrize("shuffled", [True, False])
def test_batches_are_as_long_as_planned(last_batch, shuffled):
    data = data_of({"dataset.kind": "circles", "dataset.samples": 100})
    sizes = batch_sizes(Training(batch_size=16, last_batch=last_batch), data.num_train)
    lengths = [len(y) for _, y in batches(data, sizes, 1, 0, shuffled)]
    assert len(lengths) == sizes.num_batches
    assert sum(lengths) == sizes.num_samples
    assert min(lengths) == min(sizes.size, sizes.last)


def test_large_data_is_gathered_batch_by_batch_in_the_same_order(monkeypatch):
    data = data_of({"dataset.kind": "circles", "dataset.samples": 100})
    sizes = batch_sizes(Training(batch_size=16), data.num_train)
    at_once = list(batches(data, sizes, 1, 0, shuffled=True))
    monkeypatch.setattr("normlab.engine.data._GATHER_BYTES", 0)
    for (x, y), (other_x, other_y) in zip(at_once, batches(data, sizes, 1, 0, shuffled=True), strict=True):
        assert torch.equal(x, other_x)
        assert torch.equal(y, other_y)


def test_sorted_order_is_by_target():
    data = data_of({"training.order": "sorted"})
    assert torch.equal(data.train_y, data.train_y.sort().values)


def test_ghost_batches_of_a_full_batch_differ_from_epoch_to_epoch():
    def epochs(norm):
        wanted = change(
            Experiment(), {"dataset.kind": "circles", "training.batch_size": "full", "model.norm.kind": norm}
        )
        trainer = Trainer(wanted, load(wanted, Path(), CPU), Path(), CPU, Stopwatch())
        return [next(trainer.epoch(number))[0] for number in (1, 2)]

    first, second = epochs("ghost_batch")
    assert not torch.equal(first, second)
    assert torch.equal(first.sort(0).values, second.sort(0).values)
    first, second = epochs("batch")
    assert first.data_ptr() == second.data_ptr(), "no copy where the order says nothing"
