"""Practice before the trials that count: pairs of contents that are kept for it, derived from the seed."""

from collections.abc import Sequence
from dataclasses import replace

from studyapp.design.cells import pair, pair_count
from studyapp.design.randomness import Stream, permutation, raw
from studyapp.design.running_order import spread
from studyapp.design.schedule import ContentKey, Design, Planned


def practice(design: Design, contents: Sequence[ContentKey], trials: int, index: int) -> tuple[Planned, ...]:
    """The practice trials of one slot, in the order in which they are shown.

    Contents are used equally often, and none shows a pair of conditions twice. The same scene doesn't come twice
    running where that can be had.

    Args:
        design: The study's; its contents don't hold those of practice.
        contents: What practice is done on. The first one's index is the number of the design's contents.
        trials: How many; fewer where ``contents`` × pairs of conditions are fewer.
        index: The slot's place in the endless list, from 0.

    Returns:
        Trials of the kind ``practice``.

    Raises:
        ValueError: Practice without contents, or a negative number or index.

    >>> photos = tuple(ContentKey(name, name) for name in "abc")
    >>> design = Design(photos[:1], conditions=2, trials=1, seed=4)
    >>> [(trial.content, trial.kind) for trial in practice(design, photos[1:], trials=5, index=0)]
    [(1, 'practice'), (2, 'practice')]
    """
    if trials < 0 or index < 0 or (trials and not contents):
        raise ValueError(f"{trials} practice trials of slot {index} can't be drawn from {len(contents)} contents")
    pairs = pair_count(design.conditions)
    number = min(trials, len(contents) * pairs)
    order = permutation(design.seed, Stream.PRACTICE_CONTENTS, index, len(contents)).tolist()
    first_pairs = (raw(design.seed, Stream.PRACTICE_PAIRS, index, len(contents)) % pairs).tolist()
    sides = (raw(design.seed, Stream.PRACTICE_SIDES, index, number) % 2).tolist()
    planned = []
    for turn, side in enumerate(sides):
        lap, place = divmod(turn, len(contents))
        one, other = pair((first_pairs[place] + lap) % pairs, design.conditions)
        left, right = (other, one) if side else (one, other)
        planned.append(Planned(len(design.contents) + order[place], left, right, "practice"))
    return _in_order(design, contents, planned, index)


def after_practice(
    design: Design, contents: Sequence[ContentKey], trials: int, index: int, after: Sequence[Planned]
) -> tuple[Planned, ...]:
    """All trials of one sitting: its practice, then what counts.

    Args:
        design: The study's.
        contents: What practice is done on, as for `practice`.
        trials: How many practice trials.
        index: Of the newest slot that the sitting has places of.
        after: As `studyapp.design.schedule.sitting` gives them.

    Returns:
        What `practice` gives and ``after``; what a repeat repeats is counted with practice.
    """
    before = practice(design, contents, trials, index)
    return before + tuple(_moved(planned, len(before)) for planned in after)


def _moved(planned: Planned, by: int) -> Planned:
    return planned if planned.repeats is None else replace(planned, repeats=planned.repeats + by)


def _in_order(
    design: Design, contents: Sequence[ContentKey], planned: Sequence[Planned], index: int
) -> tuple[Planned, ...]:
    draws = iter(raw(design.seed, Stream.PRACTICE_ORDER, index, len(planned)).tolist())

    def draw(below: int) -> int:
        return int(next(draws) % below)

    def scene(trial: Planned) -> str:
        return contents[trial.content - len(design.contents)].scene

    return tuple(spread(planned, scene, draw))
