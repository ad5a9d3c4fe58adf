"""The run store: what every run told, kept in one SQLite file; found again, replayed, compared."""
