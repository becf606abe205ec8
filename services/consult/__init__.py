"""Consult holds consultations: stage 3's branches, the plan, the consultation, follow-ups, topical issues."""
