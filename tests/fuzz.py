"""Real photos of every format, broken thousands of times and loaded: each must end as a photo or a refusal.

    python -m tests.fuzz --mutations 5000 --seed 1

Every mutation is read as a test set's photos are (`enhancement.apart`), one in twenty by a survey of a whole folder.
At the end there is a table; a crash, a fault, or running out of memory or time fails the run and keeps the file.
"""

import argparse
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import TypeAlias

import numpy as np
from tqdm import tqdm

from enhancement.apart import Reader, ReadingEndedError
from enhancement.folders import SurveyError, survey
from enhancement.formats.table import FORMATS
from enhancement.pictures import PictureError
from tests.fuzz_files import real_files

Counted: TypeAlias = "Counter[tuple[str, str]]"

OUTCOMES = ("photo", "refusal", "crash", "memory", "time", "fault")
FINDINGS = OUTCOMES[2:]
SURVEY_EVERY = 20
HEADER_BYTES = 600
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@dataclass(frozen=True)
class Mutation:
    """One broken file."""

    number: int
    format: str
    data: bytes


def mutations(files: Mapping[str, list[bytes]], count: int, seed: int) -> Iterator[Mutation]:
    """So many broken files, of each format equally many; the same for the same seed."""
    formats = list(files)
    for number in range(count):
        chance = np.random.default_rng([seed, number])
        kind = formats[number % len(formats)]
        choice = files[kind]
        data = bytearray(choice[chance.integers(len(choice))])
        other = choice[chance.integers(len(choice))]
        for _ in range(chance.integers(1, 4)):
            broken = BREAKERS[chance.integers(len(BREAKERS))](data, other, chance)
            data = broken if broken else data
        if kind == "PNG" and chance.random() < 0.6:
            data = with_sums(data)
        yield Mutation(number, kind, bytes(data))


def with_sums(png: bytearray) -> bytearray:
    """The checksums of a PNG's chunks made right again: a decoder that trusts them must look at the rest."""
    at = 8
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at : at + 4], "big")
        if end + 4 > len(png):
            break
        png[end : end + 4] = zlib.crc32(png[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return png


def _span(data: bytearray, chance: np.random.Generator) -> tuple[int, int]:
    """A place and a length, short ones and those at the file's beginning more often."""
    reach = HEADER_BYTES if chance.random() < 0.5 else len(data)
    start = int(chance.integers(min(reach, len(data))))
    return start, int(min(2 ** chance.uniform(0, 12), len(data) - start))


def flip(data: bytearray, other: bytes, chance: np.random.Generator) -> bytearray:
    for _ in range(chance.integers(1, 17)):
        place, _length = _span(data, chance)
        data[place] ^= 1 << int(chance.integers(8))
    return data


def overwrite(data: bytearray, other: bytes, chance: np.random.Generator) -> bytearray:
    place, length = _span(data, chance)
    data[place : place + length] = chance.bytes(length)
    return data


def delete(data: bytearray, other: bytes, chance: np.random.Generator) -> bytearray:
    place, length = _span(data, chance)
    del data[place : place + length]
    return data


def insert(data: bytearray, other: bytes, chance: np.random.Generator) -> bytearray:
    place, length = _span(data, chance)
    data[place:place] = chance.bytes(length)
    return data


def duplicate(data: bytearray, other: bytes, chance: np.random.Generator) -> bytearray:
    place, length = _span(data, chance)
    data[place:place] = data[place : place + length]
    return data


def truncate(data: bytearray, other: bytes, chance: np.random.Generator) -> bytearray:
    del data[int(chance.integers(len(data))) :]
    return data


def lie(data: bytearray, other: bytes, chance: np.random.Generator) -> bytearray:
    """A number of the header becomes a very large, very small or negative one."""
    place = int(chance.integers(min(HEADER_BYTES, len(data))))
    width = int(chance.choice([1, 2, 4]))
    value = int(chance.choice(EXTREMES)) & (256**width - 1)
    order = "little" if chance.random() < 0.5 else "big"
    data[place : place + width] = value.to_bytes(width, order)
    return data


def splice(data: bytearray, other: bytes, chance: np.random.Generator) -> bytearray:
    """The beginning of one file, and another's end."""
    return bytearray(data[: int(chance.integers(1, len(data) + 1))] + other[int(chance.integers(len(other))) :])


BREAKERS = (flip, overwrite, delete, insert, duplicate, truncate, lie, lie, splice)


def outcome(reader: Reader, path: Path) -> tuple[str, str]:
    """How reading one file ended, and in which words."""
    try:
        looked = reader.look(path, name=path.name)
    except ReadingEndedError as ended:
        return ended.end, str(ended)
    except PictureError as refused:
        said = str(refused)
        whole = said.startswith(f"{path.name}: ") and refused.what and refused.remedy
        return ("refusal", said) if whole else ("fault", f"no whole sentence: {said}")
    return ("photo", looked.format) if looked.width_px and looked.height_px else ("fault", "a photo without pixels")


def surveyed(folder: Path) -> tuple[str, str]:
    """How surveying a folder with a broken file in it ended: whole, or with a report that names that file alone."""
    try:
        found = survey(folder)
    except SurveyError as wrong:
        named = {problem.path.name for problem in wrong.problems}
        return ("refusal", str(wrong)) if named == {"broken"} else ("fault", str(wrong))
    return ("photo", "") if len(found.found) == 2 else ("fault", f"{len(found.found)} photos of 2")


def run(count: int, seed: int, *, workers: int = 2, keep: Path | None = None) -> Counted:
    """Break and read so many files.

    Returns:
        How many ended how, by format and outcome; surveys count as the format ``by survey``.
    """
    files = real_files()
    with (
        tempfile.TemporaryDirectory() as scratch,
        ThreadPoolExecutor(workers) as pool,
        tqdm(total=count, disable=None) as bar,
    ):
        lanes = []
        for lane in range(workers):
            folder = Path(scratch, str(lane))
            folder.mkdir()
            (folder / "good.png").write_bytes(files["PNG"][0])
            share = islice(mutations(files, count, seed), lane, None, workers)
            lanes.append(pool.submit(_lane, folder, share, keep, bar))
        return sum((lane.result() for lane in lanes), Counter())


def _lane(folder: Path, broken: Iterator[Mutation], keep: Path | None, bar: "tqdm[None]") -> Counted:
    """What one worker does, with a folder and a reader of its own."""
    counted: Counted = Counter()
    reader = Reader()
    try:
        for number, mutation in enumerate(broken):
            (folder / "broken").write_bytes(mutation.data)
            whole = number % SURVEY_EVERY == 0
            end, said = surveyed(folder) if whole else outcome(reader, folder / "broken")
            counted["by survey" if whole else mutation.format, end] += 1
            bar.update()
            if end in FINDINGS:
                _report(mutation, end, said, keep)
    finally:
        reader.close()
    return counted


def _report(mutation: Mutation, end: str, said: str, keep: Path | None) -> None:
    tqdm.write(f"mutation {mutation.number} of a {mutation.format}: {end}: {said}")
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{mutation.number}-{end}{FORMATS[mutation.format].suffix}").write_bytes(mutation.data)


def table(counted: Counted, seconds: float, seed: int) -> str:
    rows = [["format", "mutations", *(f"{name}s" if name in ("photo", "refusal") else name for name in OUTCOMES)]]
    for kind in [*FORMATS, "by survey", "all"]:
        numbers = [sum(n for (k, e), n in counted.items() if e == end and kind in (k, "all")) for end in OUTCOMES]
        rows.append([kind, str(sum(numbers)), *map(str, numbers)])
    lines = ["  ".join(f"{cell:<10}" if at == 0 else f"{cell:>9}" for at, cell in enumerate(row)) for row in rows]
    return "\n".join([*lines, f"seed {seed}, {seconds:.0f} s"])


def main() -> int:
    """Break as many as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder for the files that were findings")
    told = parser.parse_args()
    start = monotonic()
    counted = run(told.mutations, told.seed, workers=told.workers, keep=told.keep)
    print(table(counted, monotonic() - start, told.seed))
    return int(any(end in FINDINGS and number for (_, end), number in counted.items()))


if __name__ == "__main__":
    sys.exit(main())
