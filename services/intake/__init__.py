"""Intake takes requests in: stages 1 and 2 of a consultation, and written requests with their answers."""
