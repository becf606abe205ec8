"""Backfilling history: a file's rows become written requests, through the bus like any other."""
