import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "sklearn", "scipy", "pandas", "textual", "pyarrow")


@pytest.mark.parametrize(
    "code",
    [
        "import normlab.lab",
        "from normlab import Experiment, load_preset, check; [check(e) for e in load_preset('digits').experiments.values()]",
        "import normlab.cli.app, normlab.cli.presets as p; p.print_list()",
        "from normlab.lab.presets import Preset; Preset.model_json_schema()",
    ],
)
def test_settings_cost_no_torch(code):
    check = (
        f"import sys; {code}; loaded = [m for m in {HEAVY} if m in sys.modules]; assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", check], check=True, stdout=subprocess.DEVNULL)
