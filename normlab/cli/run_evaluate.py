"""normlab runs evaluate."""

import sys
from collections.abc import Sequence

from normlab.cli.plan import read_setting
from normlab.cli.start_weights import find_weights
from normlab.cli.tables import choose_form, print_csv, print_json, print_pairs
from normlab.core.errors import show_value
from normlab.core.text import visible
from normlab.engine.device import check_device_name
from normlab.lab.checks import check
from normlab.lab.settings import change
from normlab.store.sweep import open_swept


def print_evaluation(text: str, settings: Sequence[str], device: str, json: bool, csv: bool) -> None:
    """Measure a run's kept weights on its data, or on that of a changed experiment, and print the metrics.

    Raises: ConfigError; StoreError; CheckpointError; DataError.
    """
    from normlab.cli.presenters import weights_line

    form = choose_form(json, csv)
    check_device_name(device)
    kept = find_weights(open_swept(), text, "ID")
    experiment = change(kept.run.experiment, dict(map(read_setting, settings)))
    check(experiment)  # before torch is loaded, which takes seconds

    from normlab.engine.evaluate import evaluate

    found = evaluate(experiment, kept.read(), device=device)
    for warning in found.warnings:
        print(f"warning: {visible(warning, 1000)}", file=sys.stderr)
    if form == "json":
        print_json({"weights": kept.origin, "metrics": found.metrics, "loaded": found.loaded.model_dump()})
    elif form == "csv":
        print_csv(["metric", "value"], list(found.metrics.items()))
    else:
        print(weights_line(found.loaded), file=sys.stderr)
        print_pairs((name, show_value(value)) for name, value in found.metrics.items())
