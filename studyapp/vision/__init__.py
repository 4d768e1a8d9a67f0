"""A short look at an observer's eyes: plates and rings drawn from a seed. A screening, never a diagnosis."""
