"""A preset, changed as the command line says."""

import tomllib
from collections.abc import Iterable, Sequence
from typing import Any

from normlab.core.errors import ConfigError, Problem
from normlab.lab.checks import check_arms
from normlab.lab.presets import Preset, load_preset
from normlab.lab.settings import change
from normlab.lab.study import Study, paths_of

MAX_SETTING = 10_000


def plan(name: str, settings: Sequence[str], seed: int | None, seeds: int | None) -> Preset:
    """Load a preset and change it as the command line says; every arm is checked before any runs.

    Raises: ConfigError.
    """
    preset = load_preset(name)
    experiment = preset.experiment
    if settings:
        changed = dict(read_setting(text) for text in settings)
        _refuse_varied(preset, changed)
        experiment = change(experiment, changed)
    if seed is not None:
        experiment = change(experiment, {"seed": seed})
    study = preset.study
    if seeds is not None:
        study = (study or Study()).model_copy(update={"seeds": seeds})
    preset = preset.with_(experiment=experiment, study=study)
    check_arms(preset)
    return preset


def _refuse_varied(preset: Preset, changed: Iterable[str]) -> None:
    """Refuse what the study itself says: its grid would go over it."""
    grid = preset.study.grid if preset.study else {}
    varied = {path for key in grid for path in paths_of(key)}
    for path in changed:
        if path in varied:
            raise ConfigError(
                Problem("--set", "is on the study's grid", "change study.grid in the preset", path)
            )
        if path.startswith("study."):
            remedy = "use --seeds" if path == "study.seeds" else "write it into the preset"
            raise ConfigError(Problem("--set", "is no setting of the experiment", remedy, path))


def read_setting(text: str) -> tuple[str, Any]:
    """Read PATH=VALUE; the value is TOML where it can be, and else text.

    >>> read_setting("optimizer.lr=0.1"), read_setting("model.norm.kind=group")
    (('optimizer.lr', 0.1), ('model.norm.kind', 'group'))
    """
    path, equals, value = (piece.strip() for piece in text.partition("="))
    if not path or not equals or len(value) > MAX_SETTING:
        raise ConfigError(Problem("--set", "must be PATH=VALUE", "try --set optimizer.lr=0.1", text))
    try:
        return path, tomllib.loads(f"value = {value}")["value"]
    except (ValueError, RecursionError):
        return path, value
