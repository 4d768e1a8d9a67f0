"""What the API answers with, as its OpenAPI description tells it."""

from datetime import datetime
from typing import Any, TypeAlias

from ninja import Field, Schema
from pydantic import create_model

from studyapp.services.pair_tables import EXPOSURES
from studyapp.services.sitting_tables import SESSIONS
from studyapp.services.tables import Kind, Table

REFUSED = frozenset({401, 404, 422})
TYPES: dict[Kind, Any] = {"text": str, "integer": int, "number": float, "boolean": bool, "time": str}


class Trouble(Schema):
    """What went wrong."""

    error: str = Field(description="In words, with what to do.")


def told(answer: Any) -> dict[Any, Any]:
    """An endpoint's answers: what it is for, and why not, in words."""
    return {200: answer, REFUSED: Trouble}


class StudyInBrief(Schema):
    """A study in the list."""

    id: int
    name: str
    owner: str
    state: str = Field(description="draft, open, paused or closed.")
    question: str
    testset: int
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None


class StudyInFull(StudyInBrief):
    """A study with its design, and who came."""

    answers: list[str]
    seed: int
    policy_version: str
    trials_per_session: int
    gold_share: float
    repeat_share: float
    same_share: float
    lease_minutes: int
    sittings: list["Lane"]


class Lane(Schema):
    """Sittings of one kind; only those of observers count."""

    lane: str = Field(description="main, pilot or simulated.")
    votes: int
    observers: int = Field(description="Who gave at least one vote.")
    states: dict[str, int] = Field(description="Sittings by state.")


class ConditionTold(Schema):
    """What is compared."""

    name: str
    position: int
    worse_than: str | None = Field(description="Set for one that stands in gold pairs only: what it must lose to.")
    methods: dict[str, str | None] = Field(description="The method that stands for it, by camera.")


class TestSetTold(Schema):
    """A test set."""

    __test__ = False

    id: int
    name: str
    note: str
    simulated: bool = Field(description="Whether the input photos are simulated, not shot by a phone.")
    created_at: datetime


class ContentTold(Schema):
    """A photo, by its hash."""

    name: str
    scene: str | None
    camera: str | None
    input_sha256: str
    input_width_px: int
    input_height_px: int
    reference_sha256: str | None
    reference_width_px: int | None
    reference_height_px: int | None


class MethodTold(Schema):
    """A method with the settings that never change."""

    method: str
    name: str
    version: int
    kind: str
    settings: dict[str, Any]
    weights_sha256: str | None
    note: str | None


class StimulusTold(Schema):
    """A stimulus, and how it was made."""

    content: str
    method: str
    sha256: str
    width_px: int
    height_px: int
    source_sha256: str
    settings: dict[str, Any]
    weights_sha256: str | None
    code_version: str
    device: str
    dtype: str
    seconds: float
    made_at: datetime


class RenderingTold(Schema):
    """What observers were shown: its hash stands in the exposures."""

    condition: str
    content: str
    rendering_sha256: str
    raster_width_px: int
    raster_height_px: int
    kernel: str
    stimulus: StimulusTold


def of_table(name: str, table: Table) -> type[Schema]:
    """The columns of a file of the export as the fields of an answer (docs/export.md explains them)."""
    fields: dict[str, Any] = {column: (TYPES[told.kind] | None, None) for column, told in table.columns.items()}
    return create_model(name, __base__=Schema, **fields)


Exposure: TypeAlias = of_table("Exposure", EXPOSURES)  # type: ignore[valid-type]  # made of the table
Sitting: TypeAlias = of_table("Sitting", SESSIONS)  # type: ignore[valid-type]
