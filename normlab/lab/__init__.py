"""Experiments as data: settings, presets, differences and checks. No torch."""

from normlab.lab.checks import check
from normlab.lab.experiment import EarlyStopping, Experiment, Training
from normlab.lab.presets import Preset, load_preset, save_preset
from normlab.lab.settings import change

__all__ = [
    "EarlyStopping",
    "Experiment",
    "Preset",
    "Training",
    "change",
    "check",
    "load_preset",
    "save_preset",
]
