"""The quality of a study's votes: of the study as a whole, and one row an observer.

Nothing here decides anything. Rules that flag observers stand in ``analysis.quality.screening``; what their flags
change stands in ``analysis.quality.sensitivity``.
"""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from analysis.counts import PairCounts, count_votes
from analysis.model_checks import FIT
from analysis.models.bradley_terry import BradleyTerryFit, NotConnectedError, fit
from analysis.quality.agreement import Agreement, agreement
from analysis.quality.goodness import Goodness, goodness
from analysis.quality.misfit import misfit
from analysis.quality.screening import RULES, Screened, Screening, answered_rows, screen
from analysis.quality.sides import SameShown, left_share, same_shown
from analysis.quality.transitivity import Transitivity, transitivity
from analysis.quality.triads import Triads, circular_triads
from analysis.votes import Sifted, by_code, sift

BROKEN_SHOWN = 20
INDEPENDENT = "Tests of the study take votes as independent; those of one observer hang together, so p is too small."
ONE_OBSERVER = "One observer only: nothing is said of how observers differ, and nobody is held against others."
FEW = 0.5
UNEQUAL = (
    "Votes are spread unevenly over the {observers} observers: they tell as much of how observers differ as "
    "{as_many:.1f} who cast equally many would, and intervals are longer for it. One observer cast {share:.0%}."
)


@dataclass(frozen=True)
class ObserverQuality:
    """One row of the panel.

    Attributes:
        screened: Sides, repeats, gold, distance, times and flags.
        infit: Mean square under everybody's scale, 1 for somebody whom it describes; None without a scale or vote.
        outfit: The same, unweighted.
        triads: Circular triads; None where the observer decided no three pairs of three conditions on one content.
        not_sure_share: Of the main trials that were answered; None where none was.
        same: What was said of pictures beside themselves; None where none was shown.
    """

    screened: Screened
    infit: float | None
    outfit: float | None
    triads: Triads | None
    not_sure_share: float | None
    same: SameShown | None

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, text and None."""
        return {**asdict(self.screened), **{name: value for name, value in asdict(self).items() if name != "screened"}}


@dataclass(frozen=True)
class Quality:
    """What the votes of a study are worth.

    Attributes:
        votes: Votes that count; ``observers`` cast them on ``contents``.
        agreement: Kendall's u over pairs of a content; None where no pair has two votes.
        goodness: G² of the pooled scale; None where there is none, and ``no_scale`` says why.
        transitivity: Triples that no one order or scale can hold; None where there is no triple.
        left_share: Left answers among left and right ones; None where sides aren't known or nothing was decided.
        same: Pictures beside themselves, all observers together; None where none was shown.
        not_sure: Answers "not sure", and their share of the main trials answered.
        panel: One row an observer, by code.
        screening: Who is flagged by which rule.
        notes: In words, what a reader must know.
    """

    votes: int
    observers: int
    contents: int
    agreement: Agreement | None
    goodness: Goodness | None
    no_scale: str | None
    transitivity: Transitivity | None
    left_share: float | None
    same: SameShown | None
    not_sure: int
    not_sure_share: float | None
    panel: tuple[ObserverQuality, ...]
    screening: Screening
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, text and None; of the triples that break a rule the worst twenty."""
        plain = ("votes", "observers", "contents", "no_scale", "left_share", "not_sure", "not_sure_share")
        body: dict[str, Any] = {name: getattr(self, name) for name in plain}
        for name in ("agreement", "goodness", "same"):
            part = getattr(self, name)
            body[name] = None if part is None else asdict(part)
        body["transitivity"] = None if self.transitivity is None else _transitivity(self.transitivity)
        body["panel"] = [row.as_json() for row in self.panel]
        body["flagged"] = {rule: list(codes) for rule, codes in self.screening.by_rule.items()}
        body["rules"] = {name: asdict(rule) for name, rule in RULES.items()}
        body["dist_l_scores"] = self.screening.scaled
        body["notes"] = list(self.notes)
        return body


def quality(rows: pd.DataFrame, *, include_simulated: bool = False, seed: int = 1) -> Quality:
    """Everything that can be said of the quality of a study's votes.

    Args:
        rows: Exposures: the canonical table of ``analysis.votes``, as ``screening.screen`` takes them.
        include_simulated: Whether simulated votes count.
        seed: Of the votes that are drawn to show what chance does.
    Raises:
        VotesError: A column is missing, or an answer, a kind or a pair is not one.
    Example:
        >>> rows = [(f"o{k}", "c", *pair, "left") for k in range(6) for pair in ("ab", "bc", "ac", "cb")[: k % 4 + 1]]
        >>> found = quality(pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"]))
        >>> found.votes, found.observers, found.goodness is None
        (13, 6, True)
    """
    rows = by_code(rows)
    rows = rows.assign(vote=rows["vote"].fillna(""))
    sifted = sift(rows, include_simulated=include_simulated)
    votes, answered = sifted.fitted, answered_rows(rows, include_simulated=include_simulated)
    counts = count_votes(votes)
    fitted, no_scale = _scale(counts)
    wins, ties = counts.matrices()
    screening = screen(rows, include_simulated=include_simulated)
    good = None if fitted is None else goodness(fitted, wins, ties)
    return Quality(
        votes=len(votes),
        observers=int(votes["observer"].nunique()),
        contents=int(votes["content"].nunique()),
        agreement=agreement(votes),
        goodness=good,
        no_scale=no_scale,
        transitivity=transitivity(counts.names, wins, ties, fitted, seed=seed),
        left_share=left_share(votes),
        same=same_shown(answered),
        not_sure=len(sifted.not_sure),
        not_sure_share=_share(len(sifted.not_sure), len(votes)),
        panel=_panel(screening, counts, fitted, sifted, answered),
        screening=screening,
        notes=_notes(counts, no_scale, good),
    )


def _scale(counts: PairCounts) -> tuple[BradleyTerryFit | None, str | None]:
    if len(counts.names) < 2:
        return None, "No vote counts yet."
    wins, ties = counts.matrices()
    try:
        return fit(wins, ties=ties if counts.tied else None, names=counts.names), None
    except NotConnectedError as error:
        return None, str(error)


def _panel(
    screening: Screening, counts: PairCounts, fitted: BradleyTerryFit | None, sifted: Sifted, answered: pd.DataFrame
) -> tuple[ObserverQuality, ...]:
    triads = circular_triads(sifted.fitted)
    infit, outfit = _mean_squares(counts, fitted)
    cast, unsure = (part["observer"].value_counts() for part in (sifted.fitted, sifted.not_sure))
    own = {str(code): part for code, part in answered[answered["kind"] == "same"].groupby("observer")}
    return tuple(
        ObserverQuality(
            screened=one,
            infit=infit.get(one.code),
            outfit=outfit.get(one.code),
            triads=triads.get(one.code),
            not_sure_share=_share(int(unsure.get(one.code, 0)), int(cast.get(one.code, 0))),
            same=same_shown(own[one.code]) if one.code in own else None,
        )
        for one in screening.observers
    )


def _mean_squares(counts: PairCounts, fitted: BradleyTerryFit | None) -> tuple[dict[str, float], dict[str, float]]:
    """Infit and outfit by observer; empty without a scale."""
    if fitted is None:
        return {}, {}
    found = misfit(counts, fitted)
    infit, outfit = (dict(zip(counts.observers, map(float, part), strict=True)) for part in (found.infit, found.outfit))
    return infit, outfit


def _share(part: int, others: int) -> float | None:
    return part / (part + others) if part + others else None


def _notes(counts: PairCounts, no_scale: str | None, good: Goodness | None) -> tuple[str, ...]:
    notes, observers = [INDEPENDENT], len(counts.observers)
    notes += [ONE_OBSERVER] if observers == 1 else []
    cast = (counts.wins + counts.losses + counts.ties).sum(axis=1)
    as_many = float(cast.sum() ** 2 / (cast**2).sum()) if observers else 0.0
    if observers > 1 and as_many < FEW * observers:
        notes += [UNEQUAL.format(observers=observers, as_many=as_many, share=cast.max() / cast.sum())]
    notes += [f"Nothing is held against a scale. {no_scale}"] if no_scale else []
    notes += [f"{FIT} {good.warning}."] if good is not None and good.warning else []
    return tuple(notes)


def _transitivity(found: Transitivity) -> dict[str, Any]:
    told = asdict(found)
    told["broken"] = told["broken"][:BROKEN_SHOWN]
    told["broken_triples"] = len(found.broken)
    return told
