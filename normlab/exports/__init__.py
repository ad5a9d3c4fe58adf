"""Runs written for others: tables, pages, curves, other tools' stores, and models."""
