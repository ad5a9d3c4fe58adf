"""An experiment made ready on a device: its data, module and optimizer, stepped and evaluated."""

import math
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from normlab.core import places
from normlab.engine.data import Data, batches
from normlab.engine.evaluation import Tally, chunks, set_training, validate
from normlab.engine.kinship import stackable
from normlab.engine.module import build_module, num_parameters, put_channels_last
from normlab.engine.seeding import stream_seed, torch_stream
from normlab.engine.stepper import Stepper
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.streaming import Streamed
from normlab.lab.batches import batch_sizes, num_steps
from normlab.lab.experiment import Experiment
from normlab.layers.dropout import RandomLayer
from normlab.stacked.net import Stack


def operations_per_step(experiment: Experiment) -> float:
    """Estimate the multiplications and additions of an optimizer step, forward and backward."""
    data = experiment.dataset.outline(places.data())
    sizes = batch_sizes(experiment.training, experiment.dataset.split_sizes(data)[0])
    per_sample = sum(
        layer.inputs[0] * layer.kernel**2 * math.prod(layer.outputs)
        for layer in experiment.model.plan(data.shape, experiment.loss.num_outputs(data))
        if layer.op in ("linear", "conv")
    )
    return 6.0 * per_sample * sizes.size  # two each for the output, the input's and the weight's gradient


class Trainer:
    """Takes the steps of one run, and measures it."""

    def __init__(
        self,
        experiment: Experiment,
        data: Data | Streamed,
        folder: Path,
        device: torch.device,
        watch: Stopwatch,
    ) -> None:
        training, loss, model = experiment.training, experiment.loss, experiment.model
        self.experiment, self.data, self._watch = experiment, data, watch
        self.sizes = batch_sizes(training, data.num_train)
        self.num_steps = num_steps(training, self.sizes.num_batches)
        outline = experiment.dataset.outline(folder)
        num_outputs = loss.num_outputs(outline)
        self.module = build_module(model, outline.shape, num_outputs, experiment.seed, device)
        self.num_parameters = num_parameters(self.module)
        if not training.compile:
            put_channels_last(self.module, model, device)
        self.criterion = loss.build().to(device)
        self.clock = experiment.schedule.build(self.num_steps, self.sizes.num_batches)
        self.shape = stackable(experiment, self.module, self.criterion, device)
        """What it has in common with the runs that can be stepped together with it, or why there are none."""
        self.stepper = Stepper(experiment, self.module, self.criterion, self.clock, device)
        self._widest = max(math.prod(layer.outputs) for layer in model.plan(outline.shape, num_outputs))
        self._device = device
        self._val_in_training_mode = training.evaluation_mode == "train"
        at_least = max(1, data.num_val // self.sizes.size) if self._val_in_training_mode else 1
        self.val_chunks = data.chunks("val", self._widest, at_least)
        can_stack = data.num_val and not (self._val_in_training_mode or isinstance(self.shape, str))
        self.val_sizes = self.val_chunks.sizes if can_stack else None
        """The sizes of the validation batches; none where stacked layers can't evaluate them."""
        self._tally, self.val_tally = Tally(loss), Tally(loss, training.calibration)
        self._step, self._samples, self._since = 0, 0, 0.0
        if training.compile:
            torch.compiler.reset()  # else the nets of earlier runs count against its limit of recompilations
            self.module.compile()
        self._layers = list(self.module.modules())
        self._random_layers = {
            path: layer for path, layer in self.module.named_modules() if isinstance(layer, RandomLayer)
        }
        self._random = {
            path: layer.generator
            for path, layer in self._random_layers.items()
            if layer.generator is not None
        }
        set_training(self._layers, True)

    def epoch(self, number: int, done: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of an epoch, counted from 1, but for the first `done`."""
        # The order of a full batch says nothing, and costs a copy of the data.
        matters = self.sizes.num_batches > 1 or self.experiment.model.norm.heeds_order
        shuffled = self.experiment.training.order == "shuffled" and matters
        return batches(self.data, self.sizes, number, self.experiment.seed, shuffled, done)

    def step(self, number: int, x: Tensor, y: Tensor, wants_norm: bool) -> None:
        """Take step `number`, counted from 0, by the module; before an evaluation with the norm."""
        self.count(number, y, self.stepper.step(number, x, y, wants_norm))

    def count(self, number: int, y: Tensor, output: Tensor) -> None:
        """Take in the outputs of step `number`."""
        self._last = output.detach(), y
        self._tally.add(output, y)
        self._step = number + 1
        self._samples += y.shape[0]

    @property
    def loss_is_finite(self) -> bool:
        """Whether the last step's loss is a finite number; asking waits for the device."""
        output, y = self._last
        return math.isfinite(self.experiment.loss.mean(output.float(), y))

    def measure(self, val: dict[str, float], seconds: float) -> dict[str, float]:
        """Give all metrics: those of training over the steps since the last time, and what `val` holds.

        `seconds`: when the evaluation began, by the run's watch.
        """
        metrics = self._tally.take("train") | val
        assert self.stepper.grad_norm is not None, "the step before an evaluation asks for it"
        metrics |= {"lr": self.stepper.lr, "grad_norm": float(self.stepper.grad_norm)}
        trained = max(seconds - self._since, 1e-9)
        self._samples, samples, self._since = 0, self._samples, self._watch.seconds
        metrics |= {"samples_per_second": samples / trained, "seconds": self._since}
        self.clock.observe(metrics)
        return metrics

    def validate(self) -> dict[str, float]:
        """Measure the validation samples by the module."""
        if not self.data.num_val:
            return {}
        return self._evaluate("val", self.val_chunks, in_training_mode=self._val_in_training_mode)

    def evaluate(self) -> dict[str, float]:
        """Measure all data in evaluation mode: val_*, and eval_train_*, since train_* is in training mode."""
        stack = None if isinstance(self.shape, str) else Stack([self.module], [self.criterion])
        metrics = self._evaluate("eval_train", self.data.chunks("train", self._widest), stack)
        return metrics | (self._evaluate("val", self.val_chunks, stack) if self.data.num_val else {})

    def answer(self, x: Tensor) -> Tensor:
        """Give the model's outputs for scaled inputs, as in an evaluation: (N, num_outputs), float32.

        Nothing of the training is changed by it.
        """
        with self._evaluating():
            # Not the call, which torch.compile would compile anew for another number of inputs.
            return torch.cat([self.module.forward(part).float() for part, _ in chunks(x, x, self._widest)])

    def state(self) -> dict[str, Any]:
        """Give all that resuming needs, between two steps; tensors are those in use, to be copied at once."""
        return {
            "model": self.module.state_dict(),
            "stepper": self.stepper.state(),
            "clock": self.clock.state(),
            "tally": self._tally.state(),
            "samples": self._samples,
            "since": self._since,
            "random": {path: generator.get_state() for path, generator in self._random.items()},
        }

    def load(self, state: Mapping[str, Any], step: int) -> None:
        """Take up a state that `state` gave after that many steps, maybe on another device."""
        self.module.load_state_dict(state["model"])
        self.stepper.load(state["stepper"])
        self.clock.load(state["clock"])
        self._tally.load(state["tally"], self._device)
        self._step, self._samples, self._since = step, state["samples"], state["since"]
        for path, generator in self._random.items():
            if len(state["random"][path]) == len(generator.get_state()):
                generator.set_state(state["random"][path])
            else:  # another kind of device: a stream of its own, or the first masks would come again
                place = f"{path} from step {step}"
                generator.manual_seed(stream_seed(self.experiment.seed, "dropout", place))

    def _evaluate(
        self,
        part: str,
        pieces: Iterable[tuple[Tensor, Tensor]],
        stack: Stack | None = None,
        in_training_mode: bool = False,
    ) -> dict[str, float]:
        if stack is not None:
            validate(stack, [self.val_tally], [pieces])
            return self.val_tally.take(part)
        with self._evaluating(in_training_mode):
            for x, y in pieces:  # not by `validate`: lists and views for one net take some microseconds
                self.val_tally.add(self.module(x), y)
        return self.val_tally.take(part)

    @contextmanager
    def _evaluating(self, in_training_mode: bool = False) -> Generator[None]:
        set_training(self._layers, in_training_mode)
        if in_training_mode:  # masks of their own: training's come as if nothing had been evaluated
            for path, layer in self._random_layers.items():
                place = f"{path} at step {self._step}"
                layer.generator = torch_stream(self.experiment.seed, "evaluation", place, self._device)
        try:
            with torch.inference_mode(), self.stepper.autocast:
                yield
        finally:
            set_training(self._layers, True)
            for path, generator in self._random.items():
                self._random_layers[path].generator = generator
