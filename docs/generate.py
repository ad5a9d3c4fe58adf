"""Write docs/PARTS.md: every part with its settings, from the same descriptions that the program uses.

python docs/generate.py
"""

from pathlib import Path

from normlab.views.parts import page as text

TARGET = Path(__file__).parent / "PARTS.md"

if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
