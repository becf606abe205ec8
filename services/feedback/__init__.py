"""Feedback learns what a consultation was worth: satisfaction, effectiveness, impact (stages 5, 6, 8-10)."""
