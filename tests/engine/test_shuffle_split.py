import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from normlab.engine.shuffle_split import shuffle_split


def parts(num_rows, num_train, num_val, classes, seed):
    """What scikit-learn draws, or none where it refuses."""
    try:
        return train_test_split(
            np.arange(num_rows), train_size=num_train, test_size=num_val, stratify=classes, random_state=seed
        )
    except ValueError:
        return None


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("case", range(60))
def test_the_rows_are_those_that_scikit_learn_draws(case, stratified):
    random = np.random.default_rng(case)
    num_rows, num_classes = int(random.integers(2, 300)), int(random.integers(2, 12))
    uneven = random.dirichlet(np.full(num_classes, random.choice([0.5, 2, 50])))
    y = random.choice(num_classes, num_rows, p=uneven) if case % 3 else np.arange(num_rows) % num_classes
    num_val = int(random.integers(1, num_rows))
    num_train = num_rows - num_val if case % 2 else int(random.integers(1, num_rows - num_val + 1))
    classes, seed = y if stratified else None, int(random.integers(2**32))
    theirs = parts(num_rows, num_train, num_val, classes, seed)
    if theirs is None:
        with pytest.raises(ValueError, match=r"has one sample|can't hold"):
            shuffle_split(num_rows, num_train, num_val, classes, seed)
    else:
        ours = shuffle_split(num_rows, num_train, num_val, classes, seed)
        for rows, expected in zip(ours, theirs, strict=True):
            assert rows.tolist() == expected.tolist()


@pytest.mark.parametrize("num_val", [200, 539, 600, 899])
def test_so_they_are_for_data_of_the_usual_sizes(num_val):
    y = np.random.default_rng(0).integers(0, 10, 1797)
    ours = shuffle_split(1797, 1797 - num_val, num_val, y, 7)
    for rows, expected in zip(ours, parts(1797, 1797 - num_val, num_val, y, 7), strict=True):
        assert rows.tolist() == expected.tolist()
