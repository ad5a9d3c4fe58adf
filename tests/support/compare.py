"""An app of the comparison alone, and what its table says."""

from textual.widgets import Static

from normlab.engine.events import RunFinished
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.tui.screens.compare import CompareScreen
from normlab.tui.session import LabRun, Session
from normlab.tui.widgets.comparison_table import ComparisonTable
from normlab.views.curves import ChartChoices
from normlab.views.history import History
from support.screens import ThemedApp
from support.script import script

LAYER = {"model.norm.kind": "layer"}


class CompareApp(ThemedApp):
    def __init__(self, session, **choices):
        super().__init__()
        self.session = session
        session.choices = ChartChoices(**choices)

    def on_mount(self):
        self.push_screen(CompareScreen(self.session))


def lab(*settings, names=(), epochs=3, ended=True):
    """A session with one run for each set of settings; the first is the baseline."""
    session = Session(lambda job: None)
    for index, each in enumerate(settings):
        experiment = change(Experiment(), each)
        name = names[index] if index < len(names) else None
        history = History(f"arm {index}", experiment)
        run = LabRun(f"run{index}", experiment, history, index, name=name, taken=True)
        for event in script(run, epochs=epochs):
            if ended or not isinstance(event, RunFinished):
                history.fold(event)
        session.runs.append(run)
    session.baseline = session.runs[0] if session.runs else None
    return session


def table(app):
    return app.screen.query_one(ComparisonTable)


def heads(app):
    return [column.label.plain for column in table(app).ordered_columns]


def rows(app):
    found = table(app)
    cells = [[cell.plain for cell in found.get_row_at(index)] for index in range(found.row_count)]
    return {name: rest for name, *rest in cells if name}


def said(app, selector):
    return app.screen.query_one(selector, Static).visual.plain
