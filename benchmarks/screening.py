"""Do intervals hold the truth, and does blind screening mend what people do who don't look? Whole studies, simulated.

    python -m benchmarks.screening [--studies 200] [--replicates 1000]

Each study has the real schedule (`studyapp.design`), the real simulated observers (`studyapp.simulation`), and the real
analysis: the default observer-resampling intervals, the default rules of screening. First all of its observers look.
Then 15 % of the same sittings are taken by people who don't: a third click left, a third by chance, and a third lapse
in half of their trials. Their response times are like anybody's, so nothing but their answers gives them away.

The truth that an interval should hold is the fit to the votes expected of observers who look, on these photos.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool

import numpy as np
import pandas as pd

from analysis.quality.screening import RULES, Screening, screen, with_and_without
from analysis.scale import Scale, scale_votes
from analysis.votes import sift
from studyapp.design.schedule import ContentKey, Design, slot
from studyapp.simulation.choice import GOLD_GAP, Truth, expected_scores, spread_evenly
from studyapp.simulation.people import Person, Population, Shown

PLANTED_SHARE = 0.15
LAPSES = 0.5
MANNERS = ("left-clicker", "chance clicker", "lapser")
RESULTS = {
    "clean": "everybody looks",
    "screened": "everybody looks, screened",
    "planted": f"{PLANTED_SHARE:.0%} don't look",
    "mended": f"{PLANTED_SHARE:.0%} don't look, screened",
}
FLAGGED = {
    "clean": "who look, where all do",
    "planted": "who look, beside the others",
    **{manner: f"{manner}s" for manner in MANNERS},
}
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Setting:
    """What all studies of one table have in common."""

    observers: int
    conditions: int
    contents: int
    trials: int = 40
    observer_sd: float = 0.3
    content_sd: float = 0.2

    @property
    def names(self) -> list[str]:
        return [f"method {number}" for number in range(self.conditions)]

    @property
    def photos(self) -> list[str]:
        return [f"photo {number}" for number in range(self.contents)]

    def design(self, seed: int) -> Design:
        contents = tuple(ContentKey(name, name) for name in self.photos)
        return Design(
            contents, self.conditions, self.trials, gold=0.1, repeat=0.1, seed=seed, gold_pairs=((self.conditions, 0),)
        )

    def truth(self, seed: int) -> Truth:
        scores = spread_evenly(self.names, seed)
        return Truth(
            {**scores, "degraded": scores["method 0"] - GOLD_GAP},
            observer_sd=self.observer_sd,
            content_sd=self.content_sd,
            seed=seed,
        )


SETTINGS = (Setting(40, 5, 12), Setting(20, 5, 12), Setting(40, 8, 20))


@dataclass(frozen=True)
class Study:
    """One simulated study.

    Attributes:
        clean: Exposures where everybody looks.
        planted: The same sittings, some of them taken by people who don't look.
        manners: Those people and how they answer.
        expected: Shape (conditions,): the fit to expected votes.
    """

    clean: pd.DataFrame
    planted: pd.DataFrame
    manners: dict[str, str]
    expected: Floats


def study(setting: Setting, seed: int) -> Study:
    truth, design = setting.truth(seed), setting.design(seed)
    population = Population(truth, dropout=0.0, careless=0.0, seed=seed)
    clean = pd.DataFrame(
        row for number in range(setting.observers) for row in sitting(setting, design, population, number)
    )
    rng = np.random.default_rng([seed, 15])
    chosen = rng.permutation(setting.observers)[: round(PLANTED_SHARE * setting.observers)].tolist()
    manners = {f"o{number}": MANNERS[place % len(MANNERS)] for place, number in enumerate(chosen)}
    expected = expected_scores(truth, setting.names, setting.photos)
    return Study(clean, planted(clean, manners, rng), manners, np.array([expected[name] for name in setting.names]))


def sitting(setting: Setting, design: Design, population: Population, number: int) -> Iterator[dict[str, object]]:
    """The exposures of one observer, who takes the slot of their number."""
    person, names = Person(population, number), [*setting.names, "degraded"]
    for position, trial in enumerate(slot(design, number), start=1):
        shown = Shown(position, trial.kind, setting.photos[trial.content], names[trial.left], names[trial.right])
        done = person.does(shown, ("left", "right"))
        yield {
            "observer": f"o{number}", "content": shown.content, "kind": shown.kind, "left": shown.left,
            "right": shown.right, "vote": done.answer, "response_ms": done.looked["response_ms"],
        }  # fmt: skip


def planted(clean: pd.DataFrame, manners: dict[str, str], rng: np.random.Generator) -> pd.DataFrame:
    """The exposures with other answers where somebody doesn't look."""
    manner = clean["observer"].map(manners).fillna("")
    by_chance = np.where(rng.random(len(clean)) < 0.5, "left", "right")
    asleep = (manner == "chance clicker") | ((manner == "lapser") & (rng.random(len(clean)) < LAPSES))
    vote = clean["vote"].mask(manner == "left-clicker", "left").mask(asleep, pd.Series(by_chance, clean.index))
    return clean.assign(vote=vote)


def screened(rows: pd.DataFrame) -> Screening:
    """As an export is screened: whether a gold pair was passed stands in its row."""
    side = rows["left"].where(rows["vote"] == "left", rows["right"])
    return screen(rows.assign(gold_passed=(side != "degraded").where(rows["kind"] == "gold")))


@dataclass(frozen=True)
class Held:
    """One result against the truth.

    Attributes:
        contrasts: Share of pairwise differences whose interval holds the truth.
        slope: Of scores on the truth: 1 is no bias, less is scores that were pulled together.
        error: Root mean square of score minus truth, log-odds.
    """

    contrasts: float
    slope: float
    error: float


def held(scale: Scale, names: list[str], expected: Floats) -> Held | None:
    """None where the votes give no intervals."""
    if scale.fitted is None or scale.intervals is None:
        return None
    place = [scale.fitted.names.index(name) for name in names]
    scores, upper = scale.fitted.scores[place], np.triu_indices(len(names), 1)
    low, high = (limits[np.ix_(place, place)][upper] for limits in (
        scale.intervals.difference_low, scale.intervals.difference_high,
    ))  # fmt: skip
    apart = (expected[:, np.newaxis] - expected)[upper]
    slope = float(scores @ expected / (expected @ expected))
    error = float(np.sqrt(np.mean((scores - expected) ** 2)))
    return Held(float(np.mean((low <= apart) & (apart <= high))), slope, error)


def summary(results: list[Held | None]) -> str:
    """Coverage with its standard error over studies, slope and error; and how many studies gave no intervals."""
    known = [result for result in results if result is not None]
    covered = np.array([result.contrasts for result in known])
    se = covered.std(ddof=1) / np.sqrt(len(covered))
    slope, error = (np.mean([getattr(result, name) for result in known]) for name in ("slope", "error"))
    none = f"; {len(results) - len(known)} without intervals" if len(known) < len(results) else ""
    return f"{covered.mean():6.1%} ± {se:.1%}   slope {slope:.3f}   error {error:.3f}{none}"


@dataclass(frozen=True)
class Outcome:
    """What became of one study: its results by name, and how many observers there were and were flagged, by manner."""

    results: dict[str, Held | None]
    there: Counter[str]
    flagged: Counter[str]


def outcome(setting: Setting, replicates: int, seed: int) -> Outcome:
    made = study(setting, seed)
    results: dict[str, Held | None] = {}
    there, flagged = Counter[str](), Counter[str]()
    for before, after, rows, manners in (
        ("clean", "screened", made.clean, {}),
        ("planted", "mended", made.planted, made.manners),
    ):
        screening = screened(rows)
        both = with_and_without(rows, screening)
        for name, votes in ((before, both.everybody), (after, both.unflagged)):
            scale = scale_votes(sift(votes).fitted, replicates=replicates, seed=seed, checks=False)
            results[name] = held(scale, setting.names, made.expected)
        for one in screening.observers:
            manner = manners.get(one.code, before)
            there[manner] += 1
            flagged.update([*([manner] if one.flags else []), *(f"{manner}: {flag}" for flag in one.flags)])
    return Outcome(results, there, flagged)


def table(setting: Setting, studies: int, replicates: int, processes: int) -> None:
    """Simulate and print."""
    with Pool(processes) as pool:
        outcomes = pool.map(partial(outcome, setting, replicates), range(1, studies + 1), chunksize=1)
    there = sum((one.there for one in outcomes), Counter[str]())
    flagged = sum((one.flagged for one in outcomes), Counter[str]())
    size = f"{setting.observers} observers × {setting.trials} trials, {setting.conditions} conditions"
    spread = f"sd of taste {setting.observer_sd}, of photos {setting.content_sd}"
    print(f"\n{studies} studies: {size}, {setting.contents} photos; {spread}")
    print("  95 % intervals that hold the difference of two conditions")
    for name, words in RESULTS.items():
        print(f"    {words:<28} {summary([one.results[name] for one in outcomes])}")
    print("  flagged")
    for name, words in FLAGGED.items():
        by_rule = "  ".join(f"{rule} {flagged[f'{name}: {rule}'] / there[name]:.1%}" for rule in RULES)
        print(f"    {words:<28} {flagged[name] / there[name]:6.1%} of {there[name]:<5} {by_rule}", flush=True)


def main() -> None:
    """Print a table for each setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--settings", type=int, default=len(SETTINGS), help="how many of them, from the first")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    started = time.perf_counter()
    for setting in SETTINGS[: asked.settings]:
        table(setting, asked.studies, asked.replicates, asked.processes)
    print(f"\n{asked.replicates} replicates, {time.perf_counter() - started:.0f} s in {asked.processes} processes")


if __name__ == "__main__":
    main()
