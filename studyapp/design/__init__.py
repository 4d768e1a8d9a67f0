"""Which pairs are shown, in which order, on which side: derived from a seed, without database or framework."""
