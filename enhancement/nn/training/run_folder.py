"""What a run leaves in its folder.

::

    recipe.json            what it was asked to do
    state.safetensors      to go on from, bit for bit
    network.safetensors    the checkpoint as of that state: a method's weights
    curve.jsonl            losses and held-out scores, a line each
    samples/               held-out patches through the network: input, output, reference
    tensorboard/           the same for TensorBoard
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tensorboardX import SummaryWriter

from enhancement.nn.files import replace
from enhancement.pictures import Photo, encode_png

Line = dict[str, Any]
"""A line of the curve: ``step``, and either ``losses`` with ``patches_per_second``, or ``held_out``."""

GAP_PX, GAP_GREY = 4, 119


class RunFolder:
    """The folder of a run, made if it isn't there.

    Args:
        path: Where.

    Raises:
        OSError: It can't be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = path / "state.safetensors"
        self.network = path / "network.safetensors"
        self.recipe = path / "recipe.json"
        self.curve = path / "curve.jsonl"
        self.samples = path / "samples"
        self.samples.mkdir(parents=True, exist_ok=True)

    def keep_recipe(self, recipe: Mapping[str, Any]) -> None:
        """Write down what is done here."""
        replace(self.recipe, json.dumps(recipe, indent=1, sort_keys=True).encode() + b"\n")

    def lines(self) -> Iterator[Line]:
        """The curve; a last line that was cut off by a kill is no line."""
        if self.curve.exists():
            yield from (json.loads(line) for line in self.curve.read_text().split("\n")[:-1])

    def lines_from(self, offset: int) -> tuple[list[Line], int]:
        """The curve's whole lines behind so many bytes, and behind how many bytes they end."""
        if not self.curve.exists():
            return [], offset
        with self.curve.open("rb") as file:
            file.seek(offset)
            told = file.read()
        whole = told[: told.rfind(b"\n") + 1]
        return [json.loads(line) for line in whole.splitlines()], offset + len(whole)

    def go_back_to(self, step: int) -> None:
        """Forget what was told of later steps than the state's: they are learnt again."""
        kept = [json.dumps(line) + "\n" for line in self.lines() if line["step"] <= step]
        replace(self.curve, "".join(kept).encode())
        for path in self.samples.glob("step-*.png"):
            if int(path.stem.removeprefix("step-")) > step:
                path.unlink()


class Teller:
    """Writes a run's curve and samples, for people, for the live page, and for TensorBoard.

    Args:
        folder: The run's.
        step: From which the run goes on.
    """

    def __init__(self, folder: RunFolder, step: int) -> None:
        self.folder = folder
        folder.go_back_to(step)
        self.board = SummaryWriter(str(folder.path / "tensorboard"), purge_step=step + 1)

    def tell(self, step: int, what: str, numbers: Mapping[str, float], **beside: float) -> None:
        """Add a line to the curve."""
        line = {"step": step, what: dict(numbers), **beside}
        with self.folder.curve.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        for name, number in {**numbers, **beside}.items():
            self.board.add_scalar(f"{what}/{name}", number, step)

    def show(self, step: int, sheet: Photo) -> None:
        """Keep a sheet of samples."""
        replace(self.folder.samples / f"step-{step:07}.png", encode_png(sheet))
        self.board.add_image("samples", sheet, step, dataformats="HWC")

    def close(self) -> None:
        """Let what was told reach the disk."""
        self.board.close()


def sheet_of(columns: tuple[Photo, ...]) -> Photo:
    """Pictures of one size as a sheet: a row for each, a column for each of what is compared.

    Args:
        columns: Each of shape (rows, H, W, 3), uint8.

    Returns:
        Shape (height, width, 3), uint8, with neutral grey between the pictures.

    Example:
        >>> sheet_of((np.zeros((2, 5, 6, 3), np.uint8),) * 3).shape
        (14, 26, 3)
    """
    gaps = ((0, 0), (0, GAP_PX), (0, GAP_PX), (0, 0))
    padded = [np.pad(column, gaps, constant_values=GAP_GREY) for column in columns]
    rows = np.concatenate(padded, axis=2)  # (rows, H + gap, columns · (W + gap), 3)
    return np.ascontiguousarray(rows.reshape(-1, *rows.shape[2:])[:-GAP_PX, :-GAP_PX])
