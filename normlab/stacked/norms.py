"""The norms that have a stacked form."""

from typing import Any

from normlab.stacked.batch_norms import BatchNorm
from normlab.stacked.dyt import DyT
from normlab.stacked.layer import Layer
from normlab.stacked.sample_norms import GroupNorm, LayerNorm, RMSNorm

NORMS: tuple[type[Layer[Any]], ...] = (BatchNorm, LayerNorm, GroupNorm, RMSNorm, DyT)
