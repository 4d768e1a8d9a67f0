"""What the analysis did, in the words of a methods section: with the numbers of a report, and whom it cites."""

from collections.abc import Iterator

from analysis.model_checks import FIT
from analysis.reporting.document import Told
from analysis.reporting.forms import NARROW
from analysis.reporting.references import REFERENCES
from analysis.votes import left_out_said
from analysis.wording import counted, listed

Paragraph = tuple[str, str]
"""Its head, and its text."""


def methods(told: Told) -> list[Paragraph]:
    """What was fitted and how: one paragraph a subject, those that don't apply left out."""
    parts = (
        _model, _intervals, _other_photos, _comparisons, _equal, _tests, _quality, _camps, _screening, _excluded,
        _metrics, _against_people, _software,
    )  # fmt: skip
    return [paragraph for part in parts for paragraph in part(told)]


def cited(told: Told) -> list[str]:
    """The references that the methods and captions of this report name, by author."""
    said = " ".join(text for _, text in methods(told))
    of_tables = {"Ignatov et al. 2017"} if told["metrics"] or told["cameras"] else set()
    return [full for short, full in REFERENCES.items() if short in said or short in of_tables]


def _model(told: Told) -> Iterator[Paragraph]:
    model = told["scale"]["model"]
    if model is None:
        ford = " (Ford 1957 gives the condition.)" if told["counts"]["votes"] else ""
        yield "Model.", f"There are no scores. {told['scale']['withheld']}{ford}"
        return
    ties = "" if model["nu"] is None else f" with Davidson’s term for ties (Davidson 1970), ν = {model['nu']:.3f}"
    per_camera = " Each camera was fitted by itself as well." if told["cameras"] else ""
    yield (
        "Model.",
        f"Scores are those of the Bradley-Terry model (Bradley and Terry 1952){ties}, fitted by maximum likelihood to "
        f"the votes added up over observers and contents, in {model['unit']}: a difference of 1.1 means that the "
        f"better one gets three of four decided votes. Deviance {model['deviance']:.1f} on "
        f"{counted(model['df'], 'degree of freedom', 'degrees of freedom')}. No prior was added. "
        f"{told['pooling']}{per_camera}",
    )  # fmt: skip


def _intervals(told: Told) -> Iterator[Paragraph]:
    scale = told["scale"]
    found = scale["intervals"]
    if found is None:
        if scale["no_intervals"]:
            yield "Intervals.", scale["no_intervals"]
        return
    if found["replicates"]:
        drawn = (
            f"Observers, not votes, were resampled with replacement {found['replicates']:,} times (seed "
            f"{found['seed']}; {counted(found['degenerate_replicates'], 'resample')} without finite scores), and "
            "resamples were fitted as the votes were. A limit is the score plus or minus the resamples’ standard "
            "deviation, widened by √(m/(m − 1)), times Student’s t with m − 1 degrees of freedom (Hesterberg 2015), "
            f"m{NARROW}={NARROW}{found['observers']} observers, and never narrower than for independent votes."
        )
    else:
        drawn = (
            "With so few observers a bootstrap is too coarse; a limit is the score plus or minus the standard error "
            "that is robust to votes of one observer hanging together (Liang and Zeger 1986), times Student’s t with "
            f"m − 1 degrees of freedom, m{NARROW}={NARROW}{found['observers']} observers, and never narrower than for "
            "independent votes."
        )
    yield "Intervals.", f"{_level(found['level'])} intervals {found['question']}. {drawn}{_unequal(told)}"


def _unequal(told: Told) -> str:
    """What was done about observers who tell unequally much of a difference; empty where all degrees are m − 1."""
    scale = told["scale"]
    full = scale["intervals"]["observers"] - 1.0
    read = [row.get("freedom") for row in scale["differences"]]
    fewest = min((freedom for freedom in read if freedom is not None), default=full)
    if fewest > full - 0.5:
        return ""
    return (
        " Observers did not tell equally much of every difference; for that variances were made larger and degrees of "
        f"freedom fewer, {fewest:.1f} at the least (Bell and McCaffrey 2002; Imbens and Kolesár 2016)."
    )


def _level(level: float) -> str:
    return f"{level:.0%}".replace("%", f"{NARROW}%")


def _other_photos(told: Told) -> Iterator[Paragraph]:
    scale = told["scale"]
    found = scale.get("intervals_contents")
    if found is None:
        if scale.get("no_intervals_contents"):
            yield "Intervals for other photos.", scale["no_intervals_contents"]
        return
    yield (
        "Intervals for other photos.",
        f"{_level(found['level'])} intervals {found['question']}. Votes hang together by observer and by photo (scene, "
        f"where one is named), so both are clusters: {counted(found['observers'], 'observer')} and "
        f"{counted(found['contents'], 'content')}. The variance is that of observers plus that of contents less that "
        "of their cells, read at Student’s t with one degree of freedom less than there are clusters of the fewer kind "
        "(Cameron, Gelbach and Miller 2011), fewer where these are unequal, and no interval is narrower than that for "
        "these photos.",
    )  # fmt: skip


def _comparisons(told: Told) -> Iterator[Paragraph]:
    rows = told["scale"]["differences"]
    if not rows or told["scale"]["intervals"] is None:
        return
    said = [
        "All pairwise differences are reported, each with an interval whose level holds for it by itself."
        if len(rows) > 1
        else "The one difference is reported with its interval."
    ]
    if any(row.get("p_holm") is not None for row in rows):
        both = ", for each of the two questions" if told["scale"].get("intervals_contents") else ""
        adjusted = f", and adjusted for all pairs (Holm 1979){both}" if len(rows) > 1 else ""
        said.append(
            "p-values are two-sided, each the largest over the standard errors and degrees of freedom that its "
            f"interval is the longest of{adjusted}. Ranks (Al Mohamad et al. 2017) and letters (Piepho 2004) follow "
            "from them."
        )
    yield "Differences.", " ".join(said)


def _equal(told: Told) -> Iterator[Paragraph]:
    share = told["scale"].get("equal_share")
    if share is not None:
        yield (
            "Equivalence.",
            f"Two conditions count as equally good up to a preference of {_level(share)}: two one-sided tests "
            "(Schuirmann 1987), pair by pair.",
        )


def _tests(told: Told) -> Iterator[Paragraph]:
    said = []
    rows = [*told["scale"]["tests"], *(told.get("between_cameras") or {"tests": ()})["tests"]]
    side = next((row for row in rows if row["estimate"]), None)
    if side:
        robust = (
            ", and by a t whose standard error allows for votes of one observer hanging together, with the larger p of "
            "the two"
        )
        said.append(
            "The advantage of the left side was tested by a likelihood ratio (Davidson and Beaver 1977), votes taken "
            f"as independent{robust if side['robust'] else ''}."
        )
    drawn = next((row["robust"] for row in rows if row["robust"] and row["robust"]["draws"]), None)
    if drawn:
        said.append(
            "Whether scores differ between contents was tested against one scale for all: by a likelihood ratio, votes "
            "taken as independent, and by a score statistic whose signs were drawn per observer (Kline and Santos "
            f"2012; {drawn['draws']:,} draws, seed {drawn['seed']}), which holds whatever tastes observers have."
        )
    if any(row["question"] == FIT for row in rows):
        said.append("Goodness of fit was tested by a likelihood ratio against each pair’s own shares.")
    if said:
        yield "Tests between models.", " ".join(said)


def _quality(told: Told) -> Iterator[Paragraph]:
    found = told.get("quality")
    if not found or not (found["agreement"] or found["transitivity"]):
        return
    counted_out = (found["agreement"] or {}).get("counted_out")
    p = "" if counted_out is None else f", its p from coins’ chances, {'counted out' if counted_out else 'by χ²'}"
    yield (
        "Quality of the votes.",
        f"Agreement is Kendall’s u over the pairs of each content (Kendall and Babington Smith 1940){p}; transitivity "
        "by Tversky and Russo 1969, its p from votes drawn from the fitted scale. Both take votes as independent.",
    )


def _camps(told: Told) -> Iterator[Paragraph]:
    found = told.get("camps")
    if found and found["said"]:
        yield (
            "Camps.",
            "A mixture of two Bradley-Terry models over observers was held against one; the likelihood ratio’s "
            f"distribution was drawn from the fit of one ({found['replicates']:,} data sets, seed {found['seed']}; "
            "McLachlan 1987). BIC (Schwarz 1978) counts observers as the sample. Ties were passed over.",
        )


def _against_people(told: Told) -> Iterator[Paragraph]:
    found = told.get("against_people")
    if not found:
        return
    limits = (
        f"Intervals are for these photos: Student’s t times the standard deviation over {found['replicates']:,} "
        f"resamples of the observers (seed {found['seed']})."
        if found["replicates"]
        else "There are no intervals."
    )
    yield (
        "Metrics against people.",
        "Each metric of each picture was held against the score of that picture’s condition on its content, fitted to "
        "that content’s votes alone: Spearman’s ρ, Kendall’s τ-b (Kendall 1945), Pearson’s r after the four-parameter "
        "logistic map that fits best (as ITU-T P.1401 asks for a monotone one), and the share of decided pairs where "
        f"the metric picks what most people chose. {limits}",
    )


def _screening(told: Told) -> Iterator[Paragraph]:
    found = told.get("screening")
    if not found or len(found["observers"]) < 2:
        return
    rules = "; ".join(rule["meaning"] for rule in found["rules"])
    flagged = counted(found["flagged"], "observer") if found["flagged"] else "nobody"
    yield (
        "Screening.",
        f"Every observer was held against {len(found['rules'])} rules that know no condition ({rules}); outlying "
        f"answers as by Perez-Ortiz and Mantiuk 2017. They flag {flagged} of {len(found['observers'])}. Nobody was "
        "left out for a flag: the result without the flagged is shown beside that of everybody.",
    )  # fmt: skip


def _excluded(told: Told) -> Iterator[Paragraph]:
    counts, answers = told["counts"], told["counts"]["answers"]
    known = counts.get("sides_known", True)
    sides = f"{answers['left']:,} for the left side, {answers['right']:,} for the right side, " if known else ""
    reasons = [left_out_said(reason["reason"], reason["rows"]) for reason in counts["left_out"]]
    decided = [
        f"{counted(one['sittings'], 'sitting')} ({one['reason']})" for one in told.get("left_out_by_decision") or ()
    ]
    were = "was" if counts["votes"] == 1 else "were"
    said = (
        f"Of {counted(counts['rows'], 'exposure')} {counted(counts['votes'], 'vote')} by "
        f"{counted(counts['observers'], 'observer')} {were} fitted: {sides}{counted(answers['tie'], 'tie')}. "
        f"Left out: {listed(reasons) if reasons else 'none'}."
    )
    if not counts["rows"]:
        said = "Nothing was shown to anybody yet."
    yield "Exclusions.", said + (f" Left out by decision: {listed(decided)}." if decided else "")


def _metrics(told: Told) -> Iterator[Paragraph]:
    if told["metrics"]:
        yield (
            "Metrics.",
            "PSNR, SSIM (Wang et al. 2004) and MS-SSIM (Wang et al. 2003) against the reference photo on the aligned "
            "rectangle that both share; colour deviation (CIEDE2000, Sharma, Wu and Dalal 2005, after a blur) and "
            "noise amplification (Immerkær 1996, in flat places) against the input. Each is averaged over the contents "
            "with a finite value.",
        )


def _software(told: Told) -> Iterator[Paragraph]:
    named = listed([f"{name} {number}" for name, number in told["versions"].items()])
    yield "Software and seed.", f"Computed with {named}; seed of the analysis {told['seed']}."
