# Two commands are enough: `make lab` installs and runs the lab, `make test` installs and tests.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: lab test check bench torture gallery docs pictures wheel clean

lab: $(READY)
	@$(BIN)/normlab $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest -n auto $(ARGS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

# Beside the loop by hand, other libraries are measured where they are installed: pip install 'normlab[bench]'.
# On a GPU, `.venv/bin/python benchmarks/device.py` measures cohorts of each size.
bench: $(READY)
	$(BIN)/python benchmarks/train.py
	$(BIN)/python benchmarks/parts.py
	$(BIN)/python benchmarks/study.py
	$(BIN)/python benchmarks/stream.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/interface.py
	$(BIN)/python benchmarks/store.py

# At full length; `make test` does the same in small.
torture: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/torture --full -s

# Trains what is missing of every study in presets/, and writes presets/RESULTS.md: half an hour the first time, up to
# 7 GB under way and 0.1 GB after.
gallery: $(READY)
	$(BIN)/python docs/gallery.py $(ARGS)

docs: $(READY)
	$(BIN)/python docs/generate.py

pictures: $(READY)
	$(BIN)/python docs/pictures.py

wheel: $(READY)
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

# torch and torchvision are chosen together by pip, within the ranges of pyproject.toml: several GB.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "normlab needs Python 3.11 or newer; try: make lab PYTHON=python3.12"; exit 2; }
	@echo "Installing into $(VENV): PyTorch is large, this takes some minutes once."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $(READY)

clean:
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache
