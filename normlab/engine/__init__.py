"""The engine: one experiment in, a stream of events out. It knows no screen and no store."""
