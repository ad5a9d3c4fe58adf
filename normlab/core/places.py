"""Where files live: under NORMLAB_HOME, or in the platform's own folders."""

import os
from pathlib import Path

import platformdirs


def home() -> Path:
    """Folder of everything that normlab keeps: runs, presets of one's own, downloaded data."""
    chosen = os.environ.get("NORMLAB_HOME")
    return Path(os.path.expanduser(chosen)) if chosen else Path(platformdirs.user_data_dir("normlab"))


def config() -> Path:
    """Folder of the lab's settings: the home where one was chosen, else the platform's own for settings."""
    return home() if os.environ.get("NORMLAB_HOME") else Path(platformdirs.user_config_dir("normlab"))


def runs() -> Path:
    """Folder with one folder per run."""
    return home() / "runs"


def data() -> Path:
    """Folder of downloaded data sets."""
    return home() / "data"


def own_presets() -> Path:
    """Folder of the user's own presets."""
    return home() / "presets"


def shipped_presets() -> Path:
    """Folder of the presets that come with normlab: inside the wheel, or beside the package's source."""
    package = Path(__file__).parent.parent
    inside = package / "presets"
    return inside if inside.is_dir() else package.parent / "presets"
