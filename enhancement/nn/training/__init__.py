"""How a network learns from patches: losses, recipes, the loop, its checkpoints and what is told on the way."""
