"""One look at an experiment that is being edited: what is wrong with it, and what it amounts to."""

from normlab.core.errors import NormlabError, Problem
from normlab.lab.checks import problems
from normlab.lab.experiment import Experiment
from normlab.lab.summary import Summary, summarize


def look(experiment: Experiment) -> tuple[Summary | None, list[Problem]]:
    """Check an experiment and sum it up; whatever fails becomes a problem."""
    try:
        found = list(problems(experiment))
        return summarize(experiment), found
    except NormlabError as error:
        return None, list(error.problems)
    except Exception as error:  # a fault of ours must not take the form away
        said = f"can't be checked ({type(error).__name__}: {error})"
        return None, [Problem("the experiment", said, "run it to see", warning=True)]
