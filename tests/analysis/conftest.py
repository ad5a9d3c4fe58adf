import pytest

from normlab.analysis.judge import judge
from normlab.analysis.trial import Trial
from normlab.engine.events import Point
from normlab.lab.presets import Preset
from normlab.lab.study import Arm, Claim, Study


@pytest.fixture
def trial():
    """Makes a run that ends as told: its metrics are a number, or a list with one for each epoch."""

    def make(seed=0, outcome="completed", **fields):
        curves = {
            k: v if isinstance(v, list) else [v]
            for k, v in fields.pop("metrics", {"train_loss": 0.1}).items()
        }
        points = [
            Point(epoch=epoch, step=10 * epoch, metrics=dict(zip(curves, values, strict=True)))
            for epoch, values in enumerate(zip(*curves.values(), strict=True), 1)
        ]
        last = points[-1] if points else None
        known = {"best": last, "last": last, "num_steps": 1000, "num_epochs": 100, "seconds": 2.0}
        return Trial(
            seed=seed, outcome=outcome, points=points, **(known | {"num_classes": 2, "num_val": 100} | fields)
        )

    return make


@pytest.fixture
def reaching(trial):
    """Makes a run whose val_accuracy gets from 0.5 to 1 in an epoch, or never in 20."""

    def make(seed, epoch, **fields):
        curve = [0.5] * (epoch - 1) + [1.0] if epoch else [0.5] * 20
        return trial(seed, metrics={"val_accuracy": curve}, **fields)

    return make


@pytest.fixture
def study():
    """Makes a study of the arm "new" against the baseline."""

    def make(*claims, seeds=10, grid=None, first=0):
        return Preset(
            title="A study",
            experiment={"seed": first},
            arms=[Arm(name="new", set={"optimizer.kind": "sgd"})],
            study=Study(seeds=seeds, grid=grid or {}),
            claims=[
                Claim(**{"text": "It is so", "arm": "new", "direction": "lower"} | claim) for claim in claims
            ],
        )

    return make


@pytest.fixture
def verdicts(study, trial):
    """Judges claims on both arms' runs by seed: each a Trial, the metrics of one, or None where it is missing."""

    def make(new, old, *claims, looks=None, missing=0):
        runs = {
            name: {
                seed: value if isinstance(value, Trial) else trial(seed, metrics=value)
                for seed, value in enumerate(side)
                if value is not None
            }
            for name, side in (("new", new), ("baseline", old))
        }
        return judge(study(*claims, seeds=len(new)), runs, looks or (len(new),), missing)

    return make
