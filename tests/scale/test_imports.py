"""What a plan of a study needs costs no torch."""

import subprocess
import sys


def test_planning_and_executing_import_no_torch_until_something_trains():
    code = "import sys; from normlab.scale import estimate, execute, jobs; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
