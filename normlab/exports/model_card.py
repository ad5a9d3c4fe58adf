"""A run's best weights as a folder that explains itself: safetensors, experiment.toml and README.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from normlab import __version__
from normlab.core.quoting import for_markdown
from normlab.exports.exhibit import Exhibit, side_by_side
from normlab.lab.settings import to_tree
from normlab.lab.toml import update_toml
from normlab.views.comparison_text import to_markdown

if TYPE_CHECKING:
    from normlab.engine.events import Point

WEIGHTS = "model.safetensors"
EXPERIMENT = "experiment.toml"

_CARD = """\
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
from pathlib import Path

import torch
from safetensors.torch import load_file

from normlab import load_preset
from normlab.engine.module import build_module

experiment = load_preset("{experiment}").experiment
data = experiment.dataset.outline(Path())
outputs = experiment.loss.num_outputs(data)
model = build_module(experiment.model, data.shape, outputs, experiment.seed, torch.device("cpu"))
model.load_state_dict(load_file("{weights}"))
model.eval()
```

Written by normlab {version}.
"""

_PREPARATIONS = {
    "none": "The model takes samples as they are.",
    "feature": "The model takes standardised samples: of each feature or pixel, the training part's mean is "
    "subtracted, and what is left divided by its deviation.",
    "channel": "The model takes standardised samples: of each channel, the training part's mean is "
    "subtracted, and what is left divided by its deviation.",
    "sample": "The model takes standardised samples: of each, its own mean is subtracted, and what is left "
    "divided by its own deviation.",
}
_OUTSIDE = " The weights don't hold this step; exports as onnx or torch_export do."


def fill_model_folder(exhibits: Sequence[Exhibit], folder: Path) -> None:
    """Write the weights, sealed as the run's own, the experiment, and a model card.

    Raises: CheckpointError when the weights can't be read.
    """
    from normlab.engine.events import Point
    from normlab.engine.sealed import seal, unseal

    exhibit = exhibits[0]
    weights, texts = unseal(exhibit.run.folder / "best.safetensors")
    pieces = seal(weights, {**texts, "format": "pt", "normlab": __version__})
    (folder / WEIGHTS).write_bytes(b"".join(pieces))
    experiment = {"title": f"Run {exhibit.run.id}", "experiment": to_tree(exhibit.history.experiment)}
    (folder / EXPERIMENT).write_text(update_toml("", experiment), encoding="utf-8")
    card = _card(exhibit, Point.model_validate_json(texts["point"]))
    (folder / "README.md").write_text(card, encoding="utf-8")


def _card(exhibit: Exhibit, point: "Point") -> str:
    dataset = exhibit.history.experiment.dataset
    how = dataset.standardize
    lines = [for_markdown(line) for line in exhibit.run.note.splitlines()]
    note = "".join(f"\n> {line}" for line in lines)
    return _CARD.format(
        title=for_markdown(exhibit.label),
        epoch=point.epoch,
        step=point.step,
        run=exhibit.run.id,
        seed=exhibit.history.experiment.seed,
        note=f"{note}\n" if note else "",
        table=to_markdown(side_by_side([exhibit], all_settings=True)),
        dataset=dataset.kind,
        preparation=_PREPARATIONS[how] + (_OUTSIDE if how != "none" else ""),
        experiment=EXPERIMENT,
        weights=WEIGHTS,
        version=__version__,
    )
