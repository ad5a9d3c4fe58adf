import subprocess
import sys


def test_analysis_starts_without_torch_or_scipy():
    check = (
        "import sys; import normlab.analysis.judge, normlab.analysis.bands, normlab.analysis.wording;"
        "loaded = [m for m in ('torch', 'scipy', 'sklearn', 'textual') if m in sys.modules]; assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
