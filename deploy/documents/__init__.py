"""Printed documents: read from the event store, drawn as PDF."""
