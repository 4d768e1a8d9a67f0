"""Whether observers fall into two camps."""

from collections.abc import Iterator
from functools import partial

from analysis.reporting.document import Block, Column, Plot, Table, Told, Words
from analysis.reporting.figures.matrix import p_in_words
from analysis.reporting.figures.multiples import camp_scores
from analysis.reporting.forms import NARROW, share
from analysis.reporting.sections.said import sample, simulated


def camps(told: Told) -> Iterator[Block]:
    """What it comes to in words; the scores of both camps where two were asked for and fit better."""
    found = told.get("camps")
    if not found or not told["counts"]["votes"]:
        return
    yield Words(found["words"].replace("%", f"{NARROW}%"))
    if not found["found"]:
        return
    names = [f"camp {k}, {share(part)} of the observers" for k, part in enumerate(found["shares"], start=1)]
    order = sorted(found["scores"][0], key=lambda name: -found["scores"][0][name])
    how = _how(told)
    yield Plot(
        "camps",
        f"Scores of the two camps, natural log-odds, mean zero in each; ordered by the larger camp. {how}",
        "Scores of two camps of observers; the numbers are in the table below",
        partial(camp_scores, order, found["scores"], names, **simulated(told)),
    )
    yield Table(
        "camps",
        f"The two camps, natural log-odds, mean zero in each. {how}",
        (
            Column("Condition", "condition"),
            *(Column(name, f"score_camp_{k}", "signed", "Score") for k, name in enumerate(names, start=1)),
        ),
        tuple((name, *(camp[name] for camp in found["scores"])) for name in order),
    )


def _how(told: Told) -> str:
    found = told["camps"]
    return (
        f"{sample(told)}, ties passed over; mixture of two Bradley-Terry models, p{NARROW}={NARROW}"
        f"{p_in_words(found['p_value'])} by {found['replicates']:,} data sets drawn from one camp; BIC "
        f"{found['bic_one']:.1f} with one camp, {found['bic_two']:.1f} with two; no intervals."
    )
