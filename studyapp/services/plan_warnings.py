"""What a researcher should think about before a study opens, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from studyapp.templatetags.numbers import percent

FEW_OBSERVERS = 10
LONG_MINUTES = 30
FEW_SCENES = 5
ENOUGH_POWER = 0.8


@dataclass(frozen=True)
class Facts:
    """What the warnings rest on.

    Attributes:
        power: Simulated, for the number of observers asked for; None where nothing was simulated.
        enough_from: The smallest simulated number of observers with a power of `ENOUGH_POWER`.
        most_simulated: The largest one that was simulated.
        without_scores: Share of simulated studies without finite scores.
        unseen: Cells (a pair on a content) that nobody will have seen.
        main: Main trials of a sitting.
        trials: Trials of a sitting, of every kind.
        trials_asked: What the study asks for; a sitting is shorter where it would show a pair of a content twice.
        apart: Groups of conditions that no trial compares; empty where all hang together.
    """

    observers: int
    share: float
    power: float | None
    enough_from: int | None
    most_simulated: int
    without_scores: float
    contents: int
    scenes: int
    conditions: int
    pairs: int
    cells: int
    unseen: int
    sittings_until_all: int
    main: int
    trials: int
    trials_asked: int
    minutes: float
    gold: int
    repeat: int
    apart: Sequence[Sequence[str]]


def warnings_of(facts: Facts) -> Iterator[str]:
    """One sentence or two for each thing to think about, the gravest first."""
    yield from _about_scores(facts)
    yield from _about_observers(facts)
    yield from _about_photos(facts)
    yield from _about_a_sitting(facts)
    yield from _about_checks(facts)


def _about_scores(facts: Facts) -> Iterator[str]:
    if facts.apart:
        groups = " | ".join(", ".join(part) for part in facts.apart)
        yield (
            f"After {facts.observers} observers no pair ties these groups together, so there can be no common scale: "
            f"{groups}. Ask more observers, or show more pairs in a sitting."
        )
    elif facts.without_scores > 0.05:
        yield (
            f"In {percent(facts.without_scores)} of the simulated studies some condition won or lost all its votes, "
            "and no scores exist. Each pair needs more votes."
        )


def _about_observers(facts: Facts) -> Iterator[str]:
    if facts.observers < FEW_OBSERVERS:
        yield (
            f"{facts.observers} observers are few: below {FEW_OBSERVERS} the intervals rest on how very few people "
            "differ from each other, and are wide."
        )
    if facts.power is not None and facts.power < ENOUGH_POWER:
        more = (
            f"about {facts.enough_from} would do"
            if facts.enough_from
            else f"{facts.most_simulated} would still be too few"
        )
        yield (
            f"A preference of {percent(facts.share)} will be found in {percent(facts.power)} of studies with "
            f"{facts.observers} observers, less than the usual {percent(ENOUGH_POWER)}; {more}."
        )


def _about_photos(facts: Facts) -> Iterator[str]:
    if facts.contents == 1:
        yield "There is one content only: whatever is found holds for this photo, and says nothing of others."
    elif facts.scenes < FEW_SCENES:
        scenes = "one scene" if facts.scenes == 1 else f"{facts.scenes} scenes"
        yield f"With {scenes}, little can be said about photos in general."
    if facts.unseen:
        yield (
            f"{facts.unseen} of the {facts.cells} cells (a pair on a content) are seen by nobody; "
            f"{facts.sittings_until_all} sittings see each of them once."
        )


def _about_a_sitting(facts: Facts) -> Iterator[str]:
    if facts.minutes > LONG_MINUTES:
        yield (
            f"A sitting takes about {facts.minutes:.0f} minutes. ITU-R BT.500 asks for {LONG_MINUTES} at most: "
            "tired eyes answer by chance."
        )
    if facts.main < facts.pairs:
        yield (
            f"A sitting shows {facts.main} of the {facts.pairs} pairs of conditions, so observers judge different "
            "pairs, and their tastes are compared only through the scale."
        )
    elif facts.main < facts.cells:
        yield (
            f"A sitting shows {facts.main} of {facts.cells} cells (a pair on a content): "
            "each observer sees a part, and all of them together the whole."
        )
    if facts.trials < facts.trials_asked:
        yield (
            f"A sitting is {facts.trials} pairs long, not {facts.trials_asked}: there are no more that wouldn’t come "
            "twice. Only further observers, contents or conditions bring more votes."
        )


def _about_checks(facts: Facts) -> Iterator[str]:
    if not facts.gold:
        yield "No gold pairs: who answers without looking can’t be told by an answer that everybody should know."
    if not facts.repeat:
        yield "No repeats: whether observers agree with themselves won’t be known."
