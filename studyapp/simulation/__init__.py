"""Observers whose taste is known: how they choose, what bad habits they have, and how they walk a study over HTTP."""
