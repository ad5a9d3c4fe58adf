"""The whole app, with its training scripted."""

from normlab.lab.presets import load_preset
from normlab.tui.app import LabApp
from normlab.tui.preferences import Preferences
from support.script import script


def lab(preset=None, start=script, **options):
    """The app as somebody with these preferences opens it."""
    return LabApp(preset or load_preset("digits"), Preferences(**options), start=start)
