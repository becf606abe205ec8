"""Checklists of quality inspections (DOMAIN.md §5) as they are shipped; a centre's data file may have its own."""

from datetime import UTC

from shared.centre import SHIPPED, Checklists, parse

CHECKLISTS: Checklists = parse(SHIPPED.read_text(encoding="utf-8"), UTC).checklists
