from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from normlab.components.optimizers import DecayingOptimizer, DecoupledDecay, LearningRate, Rate, Share

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer as TorchOptimizer


class Muon(DecayingOptimizer, frozen=True):
    """Momentum whose step on each weight matrix is made orthogonal; AdamW for everything else.

    B = momentum * B + (1 - momentum) * G, U = (1 - momentum) * G + momentum * B with Nesterov, else B,
    W = W * (1 - lr * weight_decay) - lr * scale * O, with O = orthogonal factor of U to within about half,
    by a Newton-Schulz iteration in bfloat16, and scale = sqrt(max(1, rows / columns)).

    Biases, norm parameters, convolution kernels, and matrices of a single row or column, which leave
    nothing to make orthogonal, go to AdamW with `adamw_lr` and torch's betas and eps.

    Source: Jordan et al. 2024, Muon: An optimizer for hidden layers in neural networks;
    "match_rms_adamw": Liu et al. 2025, Muon is Scalable for LLM Training, arXiv:2502.16982. Departures: the
    first and last layers' matrices get Muon too, since a group of parameters doesn't tell its layer, and
    convolution kernels are not flattened into matrices, as in torch.
    """

    kind: Literal["muon"] = "muon"
    lr: LearningRate = 0.02
    weight_decay: DecoupledDecay = 0.01
    momentum: Share = 0.95
    """What the running mean of gradients keeps of itself at each step."""
    nesterov: bool = True
    """Look ahead along the running mean."""
    iterations: Annotated[int, Field(ge=1, le=50)] = 5
    """Newton-Schulz iterations per step and matrix."""
    scaling: Literal["original", "match_rms_adamw"] = "original"
    """Scale of the steps: "match_rms_adamw" takes 0.2 * sqrt(max(rows, columns)) instead, so that lr can
    be what it would be for AdamW."""
    adamw_lr: Rate = 3e-4
    """Peak learning rate of AdamW for what Muon leaves out; the schedule multiplies it as well."""

    def build(self, groups: list[dict[str, Any]]) -> "TorchOptimizer":
        from torch import optim

        from normlab.layers.joint_optimizer import JointOptimizer

        matrices, others = _split(groups)
        parts: list[TorchOptimizer] = []
        if matrices:
            parts.append(
                optim.Muon(
                    matrices,
                    lr=self.lr,
                    momentum=self.momentum,
                    nesterov=self.nesterov,
                    ns_steps=self.iterations,
                    adjust_lr_fn=self.scaling,
                )
            )
        if others:
            parts.append(optim.AdamW(others, lr=self.adamw_lr, fused=_fused(others)))
        return JointOptimizer(*parts)


def _split(groups: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    matrices, others = (
        [{**group, "params": [p for p in group["params"] if _is_matrix(p) == wanted]} for group in groups]
        for wanted in (True, False)
    )
    return [g for g in matrices if g["params"]], [g for g in others if g["params"]]


def _is_matrix(parameter: "Tensor") -> bool:
    return parameter.ndim == 2 and min(parameter.shape) > 1


def _fused(groups: list[dict[str, Any]]) -> bool | None:
    """Give torch's setting of that name: true for a step of one kernel, none to leave it to torch."""
    devices = {parameter.device.type for group in groups for parameter in group["params"]}
    return True if devices <= {"cpu", "cuda"} else None
