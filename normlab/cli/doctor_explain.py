"""What the doctor says of how a preset's runs are trained: several stacked in one pass, or each alone."""

from normlab.cli.tables import print_pairs
from normlab.core.text import visible
from normlab.lab.experiment import Experiment
from normlab.lab.presets import load_preset


def print_ways(name: str) -> None:
    """Print a line for each arm of a preset.

    Raises: NormlabError for a preset that is wrong, or data that isn't there.
    """
    preset = load_preset(name)
    ways = ((visible(arm, 60), _way(experiment)) for arm, experiment in preset.experiments.items())
    print_pairs(ways)


def _way(experiment: Experiment) -> str:
    from normlab.engine.kinship import alone, cohort_size
    from normlab.engine.torch_state import choose_threads
    from normlab.engine.trainer import operations_per_step

    num_threads = choose_threads(operations_per_step(experiment))
    threads = "1 thread" if num_threads == 1 else f"{num_threads} threads, or 1 in a study"
    if (why := alone(experiment)) is not None:
        return f"alone: {why}; {threads}"
    most = cohort_size(experiment)
    together = f"up to {most} runs together" if most > 1 else "one run at a time, as its weights fill a cache"
    return f"stacked: {together}; {threads}"
