"""A run's best weights as a folder that explains itself: safetensors, experiment.toml and README.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from normlab import __version__
from normlab.components.datasets import Dataset, Outline
from normlab.core import places
from normlab.core.errors import DataError
from normlab.core.quoting import for_markdown
from normlab.exports.exhibit import Exhibit, by_arm, literal, side_by_side
from normlab.lab.settings import to_tree
from normlab.lab.toml import update_toml
from normlab.views.comparison_text import to_markdown

if TYPE_CHECKING:
    from normlab.engine.events import Point

WEIGHTS = "model.safetensors"
EXPERIMENT = "experiment.toml"

_CARD = """\
---
library_name: pytorch
tags:
- normlab
---

# {title}

The weights of the best evaluation (epoch {epoch}, step {step}) of the normlab run `{run}`, seed {seed}.
{note}
## Settings and results

{table}
## Data

The data set is `{dataset}`. {preparation}

## Limits

- Results are of the validation part of that data set, which also chose the best epoch: they flatter.
- This is one run. Another seed gives other weights and other results.
- Nothing was tested on data from elsewhere.

## How to load

The tensors have the names of the torch module's parameters and buffers:

```python
import torch
from safetensors.torch import load_file

from normlab import load_preset
from normlab.engine.module import build_module

experiment = load_preset("{experiment}").experiment
shape, num_outputs = {shape}, {num_outputs}{unknown}
model = build_module(experiment.model, shape, num_outputs, experiment.seed, torch.device("cpu"))
model.load_state_dict(load_file("{weights}"))
model.eval()
```

Written by normlab {version}.
"""

_PREPARATIONS = {
    "none": "The model takes samples that aren't standardised.",
    "feature": "The model takes standardised samples: of each feature or pixel, the training part's mean is "
    "subtracted, and what is left divided by its deviation.",
    "channel": "The model takes standardised samples: of each channel, the training part's mean is "
    "subtracted, and what is left divided by its deviation.",
    "sample": "The model takes standardised samples: of each, its own mean is subtracted, and what is left "
    "divided by its own deviation.",
}
_FAULT = " Before that, feature {feature} is multiplied by {factor:g}: this run's scale fault."
_OUTSIDE = " The weights don't hold this step; exports as onnx or torch_export do."
_UNKNOWN = "  # of the data, which couldn't be read when this was written"


def fill_model_folder(exhibits: Sequence[Exhibit], folder: Path) -> None:
    """Write the weights, sealed as the run's own, the experiment, and a model card.

    Raises: CheckpointError when the weights can't be read, or are another run's.
    """
    from normlab.engine.sealed import seal
    from normlab.exports.best_weights import best_model, best_of

    exhibit = exhibits[0]
    best, outline = best_of(exhibit), _outline(exhibit)
    if outline is not None:
        best_model(exhibit, best, outline)
    texts = {"run": exhibit.run.id, "point": best.point.model_dump_json()}
    pieces = seal(best.tensors, {**texts, "format": "pt", "normlab": __version__})
    (folder / WEIGHTS).write_bytes(b"".join(pieces))
    experiment = {"title": f"Run {exhibit.run.id}", "experiment": to_tree(exhibit.history.experiment)}
    (folder / EXPERIMENT).write_text(update_toml("", experiment), encoding="utf-8")
    (folder / "README.md").write_text(_card(exhibit, best.point, outline), encoding="utf-8")


def _outline(exhibit: Exhibit) -> Outline | None:
    """Look at the data; none where it is gone, which the weights don't need."""
    try:
        return exhibit.history.experiment.dataset.outline(places.data())
    except DataError:
        return None


def _card(exhibit: Exhibit, point: "Point", outline: Outline | None) -> str:
    experiment = exhibit.history.experiment
    note = literal(exhibit.run.note)
    return _CARD.format(
        title=for_markdown(exhibit.label),
        epoch=point.epoch,
        step=point.step,
        run=exhibit.run.id,
        seed=experiment.seed,
        note=f"\n{note}\n" if note else "",
        table=to_markdown(side_by_side(by_arm([exhibit]), all_settings=True)),
        dataset=experiment.dataset.kind,
        preparation=_preparation(experiment.dataset),
        shape=outline.shape if outline else "...",
        num_outputs=experiment.loss.num_outputs(outline) if outline else "...",
        unknown="" if outline else _UNKNOWN,
        experiment=EXPERIMENT,
        weights=WEIGHTS,
        version=__version__,
    )


def _preparation(dataset: Dataset) -> str:
    told = _PREPARATIONS[dataset.standardize]
    if fault := dataset.scale_fault:
        told += _FAULT.format(feature=fault.feature, factor=fault.factor)
    return told + (_OUTSIDE if fault or dataset.standardize != "none" else "")
