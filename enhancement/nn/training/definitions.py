"""Whose definition of DPED's losses is meant, and the weights that come with each. Knows no torch."""

from typing import Literal

Definition = Literal["released", "paper"]

WEIGHTS: dict[Definition, dict[str, float]] = {
    "released": {"content": 10.0, "texture": 1.0, "colour": 0.5, "total_variation": 2000.0},
    "paper": {"content": 1.0, "texture": 0.4, "colour": 0.1, "total_variation": 400.0},
}
