"""Subscriptions keeps the catalogue of publications and accepts press subscriptions at its prices (form PS-1)."""
