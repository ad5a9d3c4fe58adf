"""One optimizer step: forward, backward, clipping, update."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from normlab.components.optimizers import ElementwiseOptimizer
from normlab.components.schedules import Clock
from normlab.engine.flat import Flat
from normlab.engine.module import parameter_groups
from normlab.lab.experiment import Experiment
from normlab.layers.elementwise import Elementwise

_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class Stepper:
    """Takes optimizer steps on a module as an experiment says."""

    def __init__(
        self,
        experiment: Experiment,
        module: nn.Module,
        criterion: nn.Module,
        clock: Clock,
        device: torch.device,
    ) -> None:
        training = experiment.training
        self.module, self.criterion, self.clock = module, criterion, clock
        self.clip_norm, self.clip_value = training.clip_norm, training.clip_value
        groups = parameter_groups(module, experiment.optimizer)
        self.flat = Flat(groups)
        rows = isinstance(experiment.optimizer, ElementwiseOptimizer)
        self.optimizer = experiment.optimizer.build(self.flat.groups if rows else groups)
        self.needs_closure = experiment.optimizer.needs_closure
        self._rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        self._factor = 1.0
        self.grad_norm: Tensor | None = None
        """Norm of the last gradient before clipping, where it was asked for or needed."""
        half = _DTYPES.get(training.precision)
        self.autocast: AbstractContextManager[object] = (
            torch.autocast(device.type, half) if half else nullcontext()
        )
        # float16 underflows without it; bfloat16 has float32's range.
        # It looks at the groups of an optimizer and calls its step: ours has both.
        self.scaler = torch.amp.GradScaler(device.type) if half is torch.float16 else None

    @property
    def lr(self) -> float:
        """The learning rate of the last step."""
        return float(self.optimizer.param_groups[0]["lr"])

    def state(self) -> dict[str, Any]:
        """Give what resuming needs."""
        scaler = None if self.scaler is None else self.scaler.state_dict()
        return {"optimizer": self.optimizer.state_dict(), "scaler": scaler, "factor": self._factor}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take up a state that `state` gave, maybe on another device."""
        # The experiment says what stands in groups, and the device how it is computed: a file doesn't.
        own, kept = self.optimizer.state_dict(), state["optimizer"]
        self.optimizer.load_state_dict(
            {part: (own if part == "param_groups" else kept)[part] for part in own}
        )
        self._set_rates(state["factor"])
        if self.scaler is not None:
            grown = {"scale": float(state["scaler"]["scale"])}
            grown["_growth_tracker"] = int(state["scaler"]["_growth_tracker"])
            self.scaler.load_state_dict(self.scaler.state_dict() | grown)

    def _set_rates(self, factor: float) -> None:
        self._factor = factor
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor

    def step(self, number: int, x: Tensor, y: Tensor, wants_norm: bool) -> Tensor:
        """Take step `number`, counted from 0, on one batch; give its outputs before it, in training mode."""
        self._follow(number)
        if self.needs_closure:
            return self._step_with_closure(x, y, wants_norm)
        _, output = self._gradient(x, y, wants_norm)
        if self.scaler is None:
            self.optimizer.step()
        else:
            self.scaler.step(self.optimizer)  # pyright: ignore[reportArgumentType]
            self.scaler.update()
        return output

    def update(self, number: int, wants_norm: bool) -> None:
        """Take step `number` with the gradients that are there."""
        self._follow(number)
        self._limit(wants_norm)
        self.optimizer.step()

    def _follow(self, number: int) -> None:
        if (factor := self.clock.factor(number)) != self._factor:
            self._set_rates(factor)

    def _step_with_closure(self, x: Tensor, y: Tensor, wants_norm: bool) -> Tensor:
        assert not isinstance(self.optimizer, Elementwise)
        seen: list[Tensor] = []

        def closure() -> float:
            loss, output = self._gradient(x, y, wants_norm and not seen)
            seen.append(output)
            return float(loss.detach())

        self.optimizer.step(closure)
        return seen[0]

    def _gradient(self, x: Tensor, y: Tensor, wants_norm: bool) -> tuple[Tensor, Tensor]:
        self.flat.grads.zero_()
        with self.autocast:
            output = self.module(x)
            loss = self.criterion(output, y)
        if self.scaler is None:
            loss.backward()
        else:
            self.scaler.scale(loss).backward()
            if wants_norm or self.clip_norm is not None or self.clip_value is not None:
                self.scaler.unscale_(self.optimizer)  # pyright: ignore[reportArgumentType]
        self._limit(wants_norm)
        return loss, output

    def _limit(self, wants_norm: bool) -> None:
        """Measure and clip the gradients, where that is wanted."""
        grads = self.flat.grads
        if wants_norm or self.clip_norm is not None:
            # The sum goes by halves: vector_norm's is off by 1e-3 at 20 million numbers, on a CPU.
            self.grad_norm = grads.square().sum().sqrt_()
            if self.clip_norm is not None:  # as torch clips
                grads.mul_((self.clip_norm / (self.grad_norm + 1e-6)).clamp_(max=1))
        if self.clip_value is not None:
            grads.clamp_(-self.clip_value, self.clip_value)
