"""What settings mean together: refusals and warnings that no single field can know."""

from collections.abc import Iterator, Sequence

from normlab.components.datasets import Outline
from normlab.components.models import Layer
from normlab.components.schedules import Schedule
from normlab.core import places
from normlab.core.choice import member
from normlab.core.errors import ConfigError, NormlabError, Problem
from normlab.core.memory import physical_memory_bytes, show_bytes
from normlab.core.parsing import join
from normlab.lab.batches import BatchSizes, batch_sizes, num_steps
from normlab.lab.experiment import Experiment
from normlab.lab.metrics import SCORES
from normlab.lab.presets import Preset
from normlab.lab.study import BASELINE
from normlab.lab.summary import Summary, summarize_on


def check(experiment: Experiment) -> list[Problem]:
    """Look at the settings together, and give the warnings; imports no torch.

    Raises: ConfigError with every problem that keeps the experiment from running, those of a user's own
    file among them.
    """
    found = list(problems(experiment))
    if errors := [problem for problem in found if not problem.warning]:
        raise ConfigError(*errors)
    return found


def check_arms(preset: Preset) -> list[Problem]:
    """Check every arm of a preset, at every place of its grid, and its claims; give the warnings.

    Raises: ConfigError whose paths name the arm, unless it is the baseline.
    """
    if found := list(preset.problems()):
        raise ConfigError(*found)
    warnings = list(preset.warnings())
    for cell in preset.cells:
        try:
            warnings += check(cell.experiment)
        except NormlabError as error:
            if cell.name == BASELINE:
                raise
            told = [
                Problem(f'arm "{cell.name}": {p.path}', p.rule, p.remedy, p.value) for p in error.problems
            ]
            raise ConfigError(*told) from None
    if unmeasured := list(_claim_problems(preset)):
        raise ConfigError(*unmeasured)
    return list(dict.fromkeys(warnings))


def _claim_problems(preset: Preset) -> Iterator[Problem]:
    """Yield the claims about what isn't measured where they are to be judged."""
    for index, claim in enumerate(preset.claims):
        named = {"target": next(iter(claim.target))} if claim.target else {"metric": claim.metric}
        for cell in preset.cells:
            if cell.arm not in (claim.arm, claim.against) or not claim.is_at(cell.point):
                continue
            known = measured(cell.experiment)
            for key, metric in named.items():
                if metric in SCORES and metric not in known:
                    rule, remedy = f"is not measured by {cell.name}", f"choose one of {', '.join(known)}"
                    yield Problem(join("claims", index, key), rule, remedy, metric)
                    return


def measured(experiment: Experiment) -> list[str]:
    """Name the metrics that a run of an experiment measures and can be judged by."""
    data = experiment.dataset.outline(places.data())
    return _measured(experiment, data, experiment.dataset.split_sizes(data)[1])


def _measured(experiment: Experiment, data: Outline, num_val: int) -> list[str]:
    score = "accuracy" if data.task == "classification" else "rmse"
    parts = ("train", "val") if num_val else ("train",)
    ece = ["val_ece"] * bool(experiment.training.calibration and num_val and data.task == "classification")
    return [f"{part}_{metric}" for metric in ("loss", score) for part in parts] + ece


def problems(experiment: Experiment) -> Iterator[Problem]:
    """Yield every refusal and warning; a data set's own error is yielded as problems too."""
    try:
        data = experiment.dataset.outline(places.data())
    except NormlabError as error:
        yield from error.problems
        return
    yield from experiment.dataset.problems(data, "dataset")
    yield from experiment.loss.problems(data, "loss")
    shape_problems = list(experiment.model.problems(data.shape, "model"))
    yield from shape_problems
    num_train, num_val = experiment.dataset.split_sizes(data)
    sizes = batch_sizes(experiment.training, max(num_train, 0))
    yield from _training_problems(experiment, data, num_train, num_val, sizes)
    if not any(not problem.warning for problem in shape_problems):
        yield from _layer_problems(experiment, summarize_on(experiment, data))


def _training_problems(
    experiment: Experiment, data: Outline, num_train: int, num_val: int, sizes: BatchSizes
) -> Iterator[Problem]:
    training = experiment.training
    if num_train >= 1 and sizes.num_batches == 0:
        rule = (
            f"is more than the {num_train} training samples, and the last batch is dropped: nothing is left"
        )
        remedy = f"use at most {num_train}, or training.last_batch = keep"
        yield Problem("training.batch_size", rule, remedy, training.batch_size)
    yield from experiment.schedule.problems(num_steps(training, sizes.num_batches), "schedule")
    if not experiment.optimizer.follows_schedule and experiment.schedule != member(Schedule, "constant"):
        rule = f"has no effect on {experiment.optimizer.kind}, which takes its rate at the first step only"
        remedy = "use schedule.kind = constant, or another optimizer"
        yield Problem("schedule.kind", rule, remedy, experiment.schedule.kind, warning=True)
    stopping = training.early_stopping
    named = {
        "training.best_metric": training.best_metric,
        "training.early_stopping.metric": stopping.metric if stopping else None,
    }
    known = _measured(experiment, data, num_val)
    if training.calibration and "val_ece" not in known:
        rule = "is measured on validation data with classes, and there is none"
        yield Problem("training.calibration", rule, "leave it out", True)
    if training.evaluation_mode == "train" and num_val < 2:
        rule = f"needs a batch of validation samples, and there {'is one' if num_val else 'are none'}"
        remedy = "hold out more, or use eval"
        yield Problem("training.evaluation_mode", rule, remedy, training.evaluation_mode)
    for path, metric in named.items():
        if metric is not None and metric not in known:
            yield Problem(path, "is not measured here", f"choose one of {', '.join(known)}", metric)
    if experiment.optimizer.needs_closure and training.precision == "float16":
        remedy = "use float32 or bfloat16"
        rule = f"scales the loss, which {experiment.optimizer.kind} can't work with"
        yield Problem("training.precision", rule, remedy, training.precision)


def _layer_problems(experiment: Experiment, summary: Summary) -> Iterator[Problem]:
    needed, limit = summary.memory_bytes, physical_memory_bytes()
    num_parameters, num_samples = summary.num_parameters, summary.num_train + summary.num_val
    sizes, model = summary.batches, experiment.model
    if needed > limit:
        rule = (
            f"would need about {show_bytes(needed)} ({num_parameters:,} parameters, "
            f"{num_samples:,} samples, batches of {sizes.size:,}), and this machine has {show_bytes(limit)}"
        )
        path = "model" if 16 * num_parameters > needed / 2 else "dataset"
        yield Problem(path, rule, "make it smaller", (model if path == "model" else experiment.dataset).kind)
        return
    told: set[tuple[str, bool]] = set()
    for problem in _part_problems(experiment, summary.layers, sizes):
        if (key := (problem.path, problem.warning)) not in told:  # one line a setting, not one a layer
            told.add(key)
            yield problem


def _part_problems(experiment: Experiment, layers: Sequence[Layer], sizes: BatchSizes) -> Iterator[Problem]:
    model = experiment.model
    usual = sizes.size if sizes.num_batches > 1 else sizes.last
    for before, layer in zip((None, *layers), layers, strict=False):
        if layer.op == "norm":
            yield from model.norm.problems(layer.inputs, usual, sizes.last, "model.norm")
            if model.norm.cancels_bias and before is not None and before.bias and model.bias_is_a_choice:
                rule = f"is redundant in front of {model.norm.kind} norm, which subtracts it again"
                yield Problem("model.bias", rule, "it is kept, and costs a little", warning=True)
        elif layer.op == "dropout":
            yield from model.dropout.problems(layer.inputs, "model.dropout")
        elif layer.op in ("linear", "conv") and layer.path != model.head:
            fan_in = layer.inputs[0] * layer.kernel**2
            yield from model.parametrization.problems(fan_in, "model.parametrization")
