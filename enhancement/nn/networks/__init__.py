"""One architecture a file, read from top to bottom; ``architectures.py`` names those that a checkpoint may hold."""
