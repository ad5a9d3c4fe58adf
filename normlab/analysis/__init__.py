"""Statistics over seeds: what a study's runs say of its claims; docs/STATISTICS.md tells the method."""
