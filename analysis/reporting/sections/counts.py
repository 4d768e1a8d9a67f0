"""What counts, and everything that doesn't, with the reason."""

from collections.abc import Iterator

from analysis.reporting.document import Block, Column, Table, Told, Words
from analysis.reporting.sections.said import sample
from analysis.votes import left_out_said
from analysis.wording import counted


def in_numbers(told: Told) -> Iterator[Block]:
    """Votes, observers, contents; or that there are none yet."""
    counts, said = told["counts"], told["counts"]["answers"]
    if not counts["votes"]:
        yield Words("Scores and preferences appear here with the first sittings.", lead="No vote counts yet.")
        return
    ties = f", {counted(said['tie'], 'tie')}" if said["tie"] else ""
    unsure = f" {left_out_said('not_sure', said['not_sure'])}." if said["not_sure"] else ""
    sides = f": {said['left']:,} for the left side, {said['right']:,} for the right side" if _sided(told) else ""
    yield Words(f"{sample(told)} in {counted(len(told['conditions']), 'condition')}{sides}{ties}.{unsure}")


def _sided(told: Told) -> bool:
    """Whether votes tell which condition stood left; reports of old don't say, and theirs did."""
    return bool(told["counts"].get("sides_known", True))


def excluded(told: Told) -> Iterator[Block]:
    """Every exposure that is not fitted, by reason, and every sitting that somebody left out."""
    counts = told["counts"]
    rows = [(reason["meaning"], reason["rows"]) for reason in counts["left_out"]]
    if rows:
        yield Table(
            "excluded",
            f"Of {counted(counts['rows'], 'exposure')}, those left out of the scores, each counted under the first "
            f"reason that holds. Beside them {counted(counts['votes'], 'vote counts', 'votes count')}; that is all.",
            (Column("Reason", "reason"), Column("Exposures", "exposures", "count")),
            tuple(rows),
        )
    decided = [(one["reason"], one["sittings"], one["votes"]) for one in told.get("left_out_by_decision", ())]
    if decided:
        yield Table(
            "decided",
            "Sittings left out of the scores by decision, with the reasons given.",
            (
                Column("Reason", "reason"),
                Column("Sittings", "sittings", "count"),
                Column("Votes", "votes", "count"),
            ),
            tuple(decided),
        )
