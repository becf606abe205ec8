"""The watch over deadlines: says once of each that it comes near, and that it has passed (ADR 0018)."""
