"""Example pairs in the instructions: of contents that nobody is asked about afterwards."""

from dataclasses import dataclass
from itertools import combinations

from studyapp.models import Condition, Rendering, Study
from studyapp.tiles import Size, level_size

SIDES = ("left", "right")


@dataclass(frozen=True)
class Picture:
    """The smallest whole picture of a rendering: the first bytes of its file."""

    file: str
    length: int


def examples_of(study: Study) -> list[tuple[str, Condition, Condition]]:
    """Content, left and right condition of each example.

    Gold pairs in turn where there are any, for their difference is plain to see; else the compared pairs in turn. The
    better side of a gold pair changes from one to the next.
    """
    if not study.examples:
        return []
    conditions = list(study.conditions.select_related("worse_than"))
    gold = [(one.worse_than, one) for one in conditions if one.worse_than]
    pairs = gold or list(combinations([one for one in conditions if not one.worse_than_id], 2))
    turns = ((number, name, pairs[number % len(pairs)]) for number, name in enumerate(study.examples))
    return [(name, other, one) if number % 2 else (name, one, other) for number, name, (one, other) in turns]


def example_sizes(study: Study) -> list[Size]:
    """Width and height of each example's pictures, so that the page keeps their place while they come."""
    sizes = study.rasters.filter(content__name__in=study.examples).values_list("content__name", "width_px", "height_px")
    rasters = {name: (width_px, height_px) for name, width_px, height_px in sizes}
    return [level_size(rasters[name], 0) for name, *_ in examples_of(study)]


def example_file(study: Study, number: int, side: str) -> Picture | None:
    """The picture on one side of an example, counted from 0; None where there is none."""
    examples = examples_of(study)
    if side not in SIDES or number >= len(examples):
        return None
    name, *conditions = examples[number]
    renderings = Rendering.objects.filter(raster__study=study, raster__content__name=name).select_related("raster")
    rendering = renderings.filter(condition=conditions[SIDES.index(side)]).first()
    return Picture(str(rendering.file.name), rendering.raster.tile_bytes[0]) if rendering else None
