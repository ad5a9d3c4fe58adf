"""Torch modules that torch itself lacks. Only `build` methods and the engine import from here."""
