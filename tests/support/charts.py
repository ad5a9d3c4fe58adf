"""An app of the charts alone, sessions to draw, and a hand on the canvas."""

from normlab.engine.events import Measured
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.tui.session import Session
from normlab.tui.themes import DEFAULT
from normlab.tui.widgets.charts import ChartPane
from normlab.views.curves import ChartChoices
from support.screens import ThemedApp
from support.script import STEPS, script

SETTINGS = ({}, {"model.norm.kind": "layer"}, {"model.norm.kind": "batch"}, {"optimizer.kind": "sgd"})


class ChartApp(ThemedApp):
    CSS = "ChartPane { height: 1fr; }"

    def __init__(self, session, choices=None, theme=DEFAULT):
        super().__init__(theme)
        self.session, self.chosen = session, []
        session.choices = choices or ChartChoices()

    def compose(self):
        yield ChartPane(self.session)

    def on_mount(self):
        self.pane.focus_last()

    def on_chart_pane_chosen(self, event):
        self.chosen.append(event.choices)

    @property
    def pane(self):
        return self.query_one(ChartPane)

    @property
    def reading(self):
        return str(self.query_one("#reading").visual)

    @property
    def legend(self):
        return str(self.query_one("#legend").visual).split("\n")


def session_of(*settings, work=True):
    """A session with a run of eight epochs for each set of settings."""
    session = Session(lambda work: None, script)
    for some in settings:
        session.queue(change(Experiment(), {"training.epochs": 8, **some}))
    if work:
        session.work()
    return session


def measured(run, epoch, **metrics):
    return Measured(run=run.id, epoch=epoch, step=epoch * STEPS, metrics={"seconds": epoch / 10, **metrics})


def repaint(app):
    """Draw what is there, as the next frame would."""
    canvas = app.pane.canvas
    return "\n".join(strip.text for strip in canvas.render_lines(canvas.size.region))


async def press(pilot, clock, *keys):
    """Press keys, slowly enough for each to be drawn."""
    for key in keys:
        clock[0] += 2
        await pilot.press(key)
        await pilot.pause()
