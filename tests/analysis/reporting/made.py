"""Made votes with odd names, and the report of them, for the tests of what a report is shown as."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from analysis.reporting.whole import whole_report

HOSTILE = ('#import "x"', "$5^2$ {a_b} \\emph{x}", "*bold* _it_ <b>&amp;", "تجربة עברית \u200fx")
"""Names that typst, LaTeX, matplotlib and HTML would take for markup, and one that is read from the right."""


def votes(names: tuple[str, ...] = HOSTILE, *, observers: int = 12, each: int = 24, seed: int = 0) -> pd.DataFrame:
    """Every pair of conditions often enough for scores, the later name the better; two cameras, some ties."""
    rng = np.random.default_rng(seed)
    n, total = len(names), observers * each
    left = rng.integers(0, n, total)
    right = (left + rng.integers(1, n, total)) % n
    won = rng.random(total) < 1 / (1 + np.exp(0.5 * (right - left)))
    vote = np.where(rng.random(total) < 0.1, "tie", np.where(won, "left", "right"))
    content = rng.integers(0, 5, total)
    return pd.DataFrame(
        {
            "observer": np.repeat(np.arange(observers), each).astype(str), "content": content.astype(str),
            "left": np.array(names)[left], "right": np.array(names)[right], "vote": vote,
            "camera": np.array(["iphone", "sony"])[content % 2],
            "response_ms": rng.integers(700, 9000, total).astype(str),
        }
    )  # fmt: skip


def metrics(names: tuple[str, ...] = HOSTILE, *, seed: int = 0) -> pd.DataFrame:
    """A row per content and condition; the first condition equals its reference."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "content": str(content), "camera": ("iphone", "sony")[content % 2], "condition": name,
            "psnr_db": np.inf if k == 0 else 15 + 2 * k + rng.random(),
            "ssim": 0.7 + 0.05 * k, "ms_ssim": 0.8 + 0.04 * k,
            "colour_deviation": 9.0 - k, "noise_amplification": 1.0 * k, "why": "", "flaws_why": "",
        }
        for content in range(5)
        for k, name in enumerate(names)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@cache
def told(names: tuple[str, ...] = HOSTILE) -> dict[str, Any]:
    """The whole report with a study's facts beside it; not to be changed."""
    facts = {
        "study": {
            "name": HOSTILE[0], "question": "Which *photo* $looks$ #better?",
            "conditions": {name: {"methods": {}, "gold_only": False} for name in names},
            "methods": [["Question.", "They were asked: #sys.version *which*?"]],
        },
        "left_out_by_decision": [{"reason": "asleep & gone", "sittings": 2, "votes": 9}],
        "devices": [
            {"kind": "phone-sized", "width_px": 390, "height_px": 844, "pixel_ratio": 3.0, "sittings": 4},
            {"kind": "desktop-sized", "width_px": 1440, "height_px": 900, "pixel_ratio": 1.5, "sittings": 8},
        ],
    }  # fmt: skip
    return {**facts, **whole_report(votes(names), metrics=metrics(names), conditions=names, replicates=100)}
