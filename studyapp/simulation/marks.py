"""How a simulated observer says what it is."""

MARK_HEADER = "X-Rehearsal"
"""Carries a signed mark with the study's link, and back the word that it was understood."""
