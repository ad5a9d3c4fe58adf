"""The parts of an experiment: a folder per family, a file per member."""
