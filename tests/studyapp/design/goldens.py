"""Golden slots: schedules as studies were once shown them, which every later version must derive again.

    python -m tests.studyapp.design.goldens

writes a file for each name below that has none. A file that is there is never written again: where a test says that it
isn't derived any more, the program is wrong, or needs a new policy version and a new name here.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from studyapp.design.schedule import STRATIFIED, ContentKey, Design, slot

FOLDER = Path(__file__).parent / "golden"
SLOTS = (0, 1, 2, 9, 250, 40_000)


def photos(number: int, *, per_scene: int = 1, cameras: int = 1) -> tuple[ContentKey, ...]:
    return tuple(ContentKey(f"p{k}", f"s{k // per_scene}", f"c{k % cameras}") for k in range(number))


GOLDEN: dict[str, Design] = {
    "smallest": Design(photos(1), conditions=2, trials=4, seed=3),
    "two_conditions": Design(photos(7), conditions=2, trials=20, seed=2**63 - 1),
    "one_scene_per_three": Design(photos(9, per_scene=3), conditions=4, trials=24, repeat=0.1, seed=11),
    "repeats": Design(photos(24), conditions=6, trials=40, repeat=0.25, seed=17),
    "gold_of_two_pairs": Design(
        photos(10), conditions=3, trials=20, gold=0.2, seed=23, gold_pairs=((3, 0), (4, 1))
    ),
    "all_kinds": Design(
        photos(30, per_scene=3), 8, trials=60, gold=0.1, repeat=0.1, same=0.1, seed=29, gold_pairs=((8, 2),)
    ),
    "large": Design(
        photos(100, per_scene=4), 1000, trials=40, gold=0.05, repeat=0.05, same=0.05, seed=31, gold_pairs=((1000, 0),)
    ),
    "strata_of_two_cameras": Design(
        photos(12, per_scene=2, cameras=2), 5, trials=30, seed=37, strata="camera", version=STRATIFIED
    ),
    "strata_of_unequal_cameras": Design(
        tuple(ContentKey(f"p{k}", f"s{k}", "abaacabaac"[k % 10]) for k in range(19)),
        conditions=4, trials=30, gold=0.1, repeat=0.1, same=0.1, seed=41, gold_pairs=((4, 0),),
        strata="camera", version=STRATIFIED,
    ),
    "strata_by_scene": Design(
        photos(20, per_scene=4), 6, trials=25, repeat=0.1, seed=43, strata="scene", version=STRATIFIED
    ),
    "strata_large": Design(
        photos(99, per_scene=3, cameras=3), 1000, trials=40, seed=47, strata="camera", version=STRATIFIED
    ),
}  # fmt: skip


def derived(design: Design, numbers: list[int]) -> dict[str, list[list[Any]]]:
    """Slots as JSON has them."""
    return {
        str(number): [
            [trial.content, trial.left, trial.right, trial.kind, trial.repeats] for trial in slot(design, number)
        ]
        for number in numbers
    }


def design_in(told: dict[str, Any]) -> Design:
    """A design as JSON has it; what it doesn't name is as it was before there was such a thing."""
    contents = tuple(ContentKey(**content) for content in told["contents"])
    gold_pairs = tuple((worse, better) for worse, better in told["gold_pairs"])
    return Design(**{**told, "contents": contents, "gold_pairs": gold_pairs})


def main() -> None:
    for name, design in GOLDEN.items():
        file = FOLDER / f"{name}.json"
        if not file.exists():
            slots = derived(design, list(SLOTS))
            lines = ",\n".join(f'  "{number}": {json.dumps(trials)}' for number, trials in slots.items())
            file.write_text(f'{{"design": {json.dumps(asdict(design))},\n "slots": {{\n{lines}\n}}}}\n')
            print(f"written: {file.name}")


if __name__ == "__main__":
    main()
