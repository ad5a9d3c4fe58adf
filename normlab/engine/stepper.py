"""One optimizer step: forward, backward, clipping, update."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_value_, clip_grads_with_norm_, get_total_norm

from normlab.components.schedules import Clock
from normlab.engine.module import parameter_groups
from normlab.lab.experiment import Experiment

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
        self.parameters = list(module.parameters())
        self.optimizer = experiment.optimizer.build(parameter_groups(module, experiment.optimizer))
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
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state["optimizer"]["state"], "param_groups": groups})
        self._set_rates(state["factor"])
        if self.scaler is not None:
            grown = {"scale": float(state["scaler"]["scale"])}
            grown["_growth_tracker"] = int(state["scaler"]["_growth_tracker"])
            self.scaler.load_state_dict(self.scaler.state_dict() | grown)

    def _set_rates(self, factor: float) -> None:
        self._factor = factor
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor

    def step(self, number: int, x: Tensor, y: Tensor, wants_norm: bool) -> tuple[Tensor, Tensor]:
        """Take step `number`, counted from 0, on one batch; give its mean loss and its outputs.

        They are those of before the step, in training mode.
        """
        if (factor := self.clock.factor(number)) != self._factor:
            self._set_rates(factor)
        if self.needs_closure:
            return self._step_with_closure(x, y, wants_norm)
        loss, output = self._gradient(x, y, wants_norm)
        if self.scaler is None:
            self.optimizer.step()
        else:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        return loss, output

    def _step_with_closure(self, x: Tensor, y: Tensor, wants_norm: bool) -> tuple[Tensor, Tensor]:
        seen: list[tuple[Tensor, Tensor]] = []

        def closure() -> float:
            seen.append(self._gradient(x, y, wants_norm and not seen))
            return float(seen[-1][0].detach())

        self.optimizer.step(closure)
        return seen[0]

    def _gradient(self, x: Tensor, y: Tensor, wants_norm: bool) -> tuple[Tensor, Tensor]:
        for parameter in self.parameters:  # a fifth of the time of zero_grad, which is profiled
            parameter.grad = None
        with self.autocast:
            output = self.module(x)
            loss = self.criterion(output, y)
        if self.scaler is None:
            loss.backward()
        else:
            self.scaler.scale(loss).backward()
            if wants_norm or self.clip_norm is not None or self.clip_value is not None:
                self.scaler.unscale_(self.optimizer)
        if wants_norm or self.clip_norm is not None:
            grads = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
            self.grad_norm = get_total_norm(grads)
            if self.clip_norm is not None:
                clip_grads_with_norm_(self.parameters, self.clip_norm, self.grad_norm)
        if self.clip_value is not None:
            clip_grad_value_(self.parameters, self.clip_value)
        return loss, output
