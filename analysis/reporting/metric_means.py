"""Metrics averaged over contents, one row per condition, with what could not be averaged counted aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

AGAINST_REFERENCE, AGAINST_INPUT = "why", "flaws_why"
METRIC_COLUMNS = {
    "psnr_db": AGAINST_REFERENCE,
    "ssim": AGAINST_REFERENCE,
    "ms_ssim": AGAINST_REFERENCE,
    "colour_deviation": AGAINST_INPUT,
    "noise_amplification": AGAINST_INPUT,
}
"""Each metric's column, and the column that says why it has no value."""
NO_VALUE = "no value"


@dataclass(frozen=True)
class MetricMean:
    """One metric of one condition.

    Attributes:
        mean: Over the contents with a finite value; None if there is none.
        contents: How many those are.
        infinite: Contents with an infinite value, never capped and not in the mean: pictures that equal their reference
            (``psnr_db``), or in which no noise is left (``noise_amplification``, minus infinity).
        missing: Contents without a value, by reason.
    """

    condition: str
    metric: str
    mean: float | None
    contents: int
    infinite: int
    missing: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Plain numbers and text; an infinite value is never written, only counted."""
        return {
            "mean": self.mean,
            "contents": self.contents,
            "infinite": self.infinite,
            "missing": self.missing,
        }


def metric_means(metrics: pd.DataFrame, conditions: Sequence[str]) -> list[MetricMean]:
    """Average each metric over contents.

    Args:
        metrics: Columns ``content``, ``condition``, and those of ``METRIC_COLUMNS``: ``psnr_db`` (dB), ``ssim``,
            ``ms_ssim``, ``colour_deviation`` (ΔE00), ``noise_amplification`` (dB); NaN or None where there is no value,
            and optionally ``why`` (of the first three) and ``flaws_why``, the reasons in words ("not aligned", …).
        conditions: In the order wanted first; others of the table follow in the order of their names.
    Raises:
        ValueError: A column is missing, or a content stands twice for one condition.
    """
    lacking = [name for name in ("content", "condition", *METRIC_COLUMNS) if name not in metrics.columns]
    if lacking:
        raise ValueError(f"the metrics lack the column(s) {', '.join(lacking)}")
    twice = metrics[metrics.duplicated(["content", "condition"])]
    if len(twice):
        raise ValueError(f"content {twice.iloc[0]['content']!r} has two rows for {twice.iloc[0]['condition']!r}")
    present = set(metrics["condition"])
    order = [name for name in conditions if name in present]
    order += sorted(present - set(order))
    return [_mean(metrics[metrics["condition"] == name], name, metric) for name in order for metric in METRIC_COLUMNS]


def _mean(rows: pd.DataFrame, condition: str, metric: str) -> MetricMean:
    values = rows[metric].to_numpy(dtype=np.float64, na_value=np.nan)
    finite, absent = values[np.isfinite(values)], np.isnan(values)
    why = METRIC_COLUMNS[metric]
    reasons = rows[why].to_numpy(dtype=object)[absent] if why in rows.columns else [NO_VALUE] * int(absent.sum())
    said = pd.Series([reason if isinstance(reason, str) and reason else NO_VALUE for reason in reasons], dtype=object)
    return MetricMean(
        condition=condition,
        metric=metric,
        mean=float(finite.mean()) if len(finite) else None,
        contents=len(finite),
        infinite=int(np.isinf(values).sum()),
        missing={str(reason): int(count) for reason, count in said.value_counts().items()},
    )
