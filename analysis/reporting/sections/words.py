"""How it was done, what must be read with it, and whose work it rests on."""

from collections.abc import Iterator

from analysis.reporting.document import Block, Told, Words
from analysis.reporting.fonts import INSTALL, shapeless
from analysis.reporting.methods import cited, methods
from analysis.wording import counted


def how_it_was_done(told: Told) -> Iterator[Block]:
    """The methods section: what the study says of itself, then what the analysis did."""
    for head, text in told.get("study", {}).get("methods", ()):
        yield Words(text, lead=head)
    for head, text in methods(told):
        yield Words(text, lead=head)


def notes(told: Told) -> Iterator[Block]:
    """What a reader must know."""
    names = [*told["conditions"], *(row["content"] for row in told.get("content_shares") or ())]
    names += [told.get("study", {}).get("name", ""), *(part["camera"] for part in told["cameras"])]
    if lacking := shapeless(names):
        yield Words(
            f"No font of the machine that made this report has {counted(len(lacking), 'letter')} of its names: figures "
            f"and the PDF write such letters as their Unicode numbers, between ⟨ and ⟩. {INSTALL}", "item",
        )  # fmt: skip
    for note in told["notes"]:
        if not note.startswith("Scores are withheld."):  # said beside the scores that are not there
            yield Words(note, "item")


def references(told: Told) -> Iterator[Block]:
    """Everything that the methods cite."""
    for reference in cited(told):
        yield Words(reference, "item")
