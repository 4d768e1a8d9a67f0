"""What became of pairs and patches, as a table for people, CSV, and a contact sheet."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from enhancement.nn.pairs.aligning import Alignments
from enhancement.nn.pairs.manifest import Manifest
from enhancement.nn.pairs.patch_set import Patches
from enhancement.pictures import Photo

Row = dict[str, Any]

SHEET_PAIRS, SHEET_COLUMNS = 40, 4
SHEET_SEED = 0
GAP_PX, CAPTION_PX = 8, 16
PAPER, INK = 250, 30


def alignment_rows(alignments: Alignments) -> list[Row]:
    """A row a pair: what was found, or why nothing was."""
    rows = []
    for pair in alignments.pairs:
        found = pair.alignment
        rows.append(
            {
                "scene": pair.scene,
                "matches": found and found.matches,
                "inliers": found and found.inliers,
                "overlap": found and f"{found.overlap:.3f}",
                "residual_x_px": found and f"{found.residual[0]:.2f}",
                "residual_y_px": found and f"{found.residual[1]:.2f}",
                "not_aligned": pair.why,
            }
        )
    return rows + [
        {**dict.fromkeys(rows[0], None), "scene": one.scene, "not_aligned": one.why} for one in alignments.alone
    ]


def scene_rows(manifest: Manifest) -> list[Row]:
    """A row a scene, and then one for each that gave nothing."""
    rows = [
        {
            "scene": scene.name,
            "side": scene.side,
            "inliers": scene.inliers,
            "overlap": None if scene.overlap is None else f"{scene.overlap:.3f}",
            "windows": scene.windows,
            "patches": scene.patches,
            "median_correlation": None if scene.median_correlation is None else f"{scene.median_correlation:.4f}",
            "skipped": "",
        }
        for scene in manifest.scenes
    ]
    return rows + [{**dict.fromkeys(rows[0], None), "scene": one.scene, "skipped": one.why} for one in manifest.skipped]


def as_csv(rows: Sequence[Row]) -> bytes:
    """Rows as CSV in UTF-8; None is an empty cell.

    Example:
        >>> as_csv([{"scene": "1", "inliers": None}])
        b'scene,inliers\\n1,\\n'
    """
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def as_text(rows: Sequence[Row]) -> str:
    """Rows as a table for people; the last column, which holds sentences, is as wide as it is.

    Example:
        >>> print(as_text([{"scene": "1", "inliers": 19, "why": ""}, {"scene": "2", "inliers": None, "why": "dark"}]))
        scene  inliers  why
        1           19
        2            –  dark
    """
    columns = list(rows[0])
    cells = [columns, *([shown(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[number]) for line in cells) for number in range(len(columns) - 1)]
    lines = []
    for first, *middle, last in cells:
        padded = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(middle, widths[1:], strict=True))]
        lines.append("  ".join([*padded, last]).rstrip())
    return "\n".join(lines)


def shown(value: object) -> str:
    """A cell; a dash where there is nothing."""
    return "–" if value is None else str(value)


def chosen_for_sheet(count: int) -> list[int]:
    """Some of so many patches, at random, the same each time, ascending."""
    some = np.random.default_rng(SHEET_SEED).choice(count, min(count, SHEET_PAIRS), replace=False)
    return sorted(int(number) for number in some)


def contact_sheet(inputs: Patches, references: Patches, which: Sequence[int], captions: Sequence[str]) -> Photo:
    """Some pairs of patches: the input on the left, its reference on the right, a caption below.

    Args:
        inputs: All patches of the inputs.
        references: All of the references.
        which: Indices of those to show.
        captions: One for each.

    Returns:
        A picture, shape (H, W, 3), uint8.
    """
    height, width = inputs.shape[1] + CAPTION_PX + GAP_PX, 2 * inputs.shape[2] + GAP_PX
    rows = -(-len(which) // SHEET_COLUMNS)
    sheet = np.full((rows * height + GAP_PX, SHEET_COLUMNS * width + GAP_PX, 3), PAPER, dtype=np.uint8)
    for place, (number, caption) in enumerate(zip(which, captions, strict=True)):
        y, x = GAP_PX + place // SHEET_COLUMNS * height, GAP_PX + place % SHEET_COLUMNS * width
        pair = np.hstack([inputs[number : number + 1][0], references[number : number + 1][0]])
        sheet[y : y + pair.shape[0], x : x + pair.shape[1]] = pair
        under = (x, y + pair.shape[0] + CAPTION_PX - 5)
        cv2.putText(sheet, caption, under, cv2.FONT_HERSHEY_SIMPLEX, 0.38, (INK, INK, INK), 1, cv2.LINE_AA)
    return sheet
