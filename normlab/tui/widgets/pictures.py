"""Whose picture is shown of the runs that have one, and its drawing."""

from functools import partial

from textual.app import App

from normlab.engine.events import Probed, ProbeSamples
from normlab.tui.session import LabRun, Session
from normlab.tui.themes import DEFAULT, PALETTES
from normlab.tui.widgets.chart_canvas import Scene
from normlab.views.chart import Drawing
from normlab.views.picture import draw_picture


class Pictures:
    """The pictures of a session's runs, one at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._wanted: LabRun | None = None

    @property
    def _found(self) -> list[LabRun]:
        return [run for run in self.session.drawn if run.history.probed is not None]

    @property
    def shown(self) -> LabRun | None:
        """The run whose picture is shown: the one asked for, the one under way, or the last."""
        found = self._found
        chosen = (run for run in (self._wanted, self.session.current, *found[-1:]) if run in found)
        return next(chosen, None)

    def step(self, by: int) -> None:
        """Ask for the next run's picture (1), or for the one before (-1)."""
        if (shown := self.shown) is not None:
            found = self._found
            self._wanted = found[(found.index(shown) + by) % len(found)]

    def scene(self, run: LabRun, view: object, app: App[None]) -> Scene:
        """Describe a run's picture, to be drawn where it is seen."""
        probed, samples = run.history.probed, run.history.samples
        assert probed is not None
        build = partial(
            _build, probed, samples or ProbeSamples(train=(), val=()), app, self.session.choices.ascii
        )
        return Scene((run.id, probed.step), view, build)


def _build(
    probed: Probed, samples: ProbeSamples, app: App[None], ascii: bool, width: int, height: int
) -> Drawing:
    palette = PALETTES.get(app.theme, PALETTES[DEFAULT])
    train = palette.theme.foreground or palette.hues[0]
    colors = (train, palette.hues[1], palette.hues)
    text = draw_picture(probed, samples, *colors, width, height, not app.no_color, ascii)
    return Drawing(tuple(text.rstrip("\n").split("\n")))
