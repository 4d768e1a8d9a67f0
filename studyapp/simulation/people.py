"""Simulated people: what they find, whether they look at all, their habits, and what they do at each trial."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, TypeAlias

from studyapp.simulation.chance import Use, stream
from studyapp.simulation.choice import Truth, chances, choose

Manner: TypeAlias = Literal["looks", "always_left", "at_random"]
Leaving: TypeAlias = Literal["finishes", "comes_back", "stays_away", "comes_too_late"]

TOO_SOON_MS = 200
"""The page holds an answer back that comes sooner after painting than this."""

MEDIAN_RESPONSE_MS = 3000
DEVICES: tuple[dict[str, Any], ...] = (
    {"device_pixel_ratio": 1, "viewport_width_px": 1920, "viewport_height_px": 969, "gamut": "srgb"},
    {"device_pixel_ratio": 1.25, "viewport_width_px": 1536, "viewport_height_px": 730, "gamut": "srgb"},
    {"device_pixel_ratio": 2, "viewport_width_px": 1440, "viewport_height_px": 789, "gamut": "p3"},
    {"device_pixel_ratio": 3, "viewport_width_px": 390, "viewport_height_px": 664, "gamut": "p3"},
)


@dataclass(frozen=True)
class Habits:
    """How often simulated people do what they shouldn't.

    Attributes:
        too_fast: Share of trials with a first answer sooner than `TOO_SOON_MS`; a considered one follows.
        double: Share of trials whose answer is sent twice at once.
        contradict: Share of trials after whose answer the opposite one is sent.
        reload: Share of trials in which the page is loaded again before the answer.
        not_sure: Share of trials answered "not sure", where the study takes that.
        comes_back: Share of those who leave half-way that come back in time and finish.
        comes_too_late: Share of those who leave half-way that come back when their place is somebody else's.
    """

    too_fast: float = 0.02
    double: float = 0.05
    contradict: float = 0.02
    reload: float = 0.02
    not_sure: float = 0.03
    comes_back: float = 0.25
    comes_too_late: float = 0.25

    def __post_init__(self) -> None:
        shares = {name.name: getattr(self, name.name) for name in fields(self)}
        if wrong := [name for name, share in shares.items() if not 0 <= share <= 1]:
            raise ValueError(
                f"a habit is a share from 0 to 1: {', '.join(f'{name} = {shares[name]}' for name in wrong)}"
            )
        if self.comes_back + self.comes_too_late > 1:
            raise ValueError("comes_back and comes_too_late are shares of the same people: together at most 1")


@dataclass(frozen=True)
class Population:
    """Whom observers are drawn from.

    Attributes:
        truth: What they find.
        dropout: Share who leave half-way, 0 to 0.9.
        careless: Share who don't look, 0 to 1; half of them answer "left" always, half by chance.
        habits: What all of them do now and then.
        seed: Of everything that is drawn, 0 or more.
    """

    truth: Truth
    dropout: float = 0.1
    careless: float = 0.05
    habits: Habits = field(default_factory=Habits)
    seed: int = 1

    def __post_init__(self) -> None:
        if not (0 <= self.dropout <= 0.9 and 0 <= self.careless <= 1):
            raise ValueError(
                f"dropout is a share up to 0.9 and careless one up to 1, not {self.dropout}, {self.careless}"
            )


@dataclass(frozen=True)
class Shown:
    """A trial as it really is, which no page tells.

    Attributes:
        position: In the sitting, from 1.
        left: The condition on the left.
        right: The condition on the right.
    """

    position: int
    kind: str
    content: str
    left: str
    right: str


@dataclass(frozen=True)
class Doing:
    """What a person does at one trial.

    Attributes:
        answer: ``left``, ``right``, ``tie`` or ``not_sure``.
        looked: What the page measures beside it; ``response_ms`` is at least `TOO_SOON_MS`.
        too_fast_ms: When a hasty answer came before it, in milliseconds after painting; None where none did.
        double: Whether it is sent twice.
        contradict: Whether the opposite is sent after it.
        reload: Whether the page is loaded again before it.
    """

    answer: str
    looked: Mapping[str, Any]
    too_fast_ms: int | None
    double: bool
    contradict: bool
    reload: bool


@dataclass(frozen=True)
class Person:
    """One simulated observer, from 0 on: everything about them follows from the population and their number."""

    population: Population
    number: int

    @cached_property
    def manner(self) -> Manner:
        """How they answer."""
        drawn, careless = self._drawn[0], self.population.careless
        if drawn >= careless:
            return "looks"
        return "always_left" if drawn < careless / 2 else "at_random"

    @cached_property
    def leaving(self) -> Leaving:
        """Whether they leave half-way, and what then."""
        if self._drawn[1] >= self.population.dropout:
            return "finishes"
        habits, then = self.population.habits, self._drawn[2]
        if then < habits.comes_back:
            return "comes_back"
        return "comes_too_late" if then < habits.comes_back + habits.comes_too_late else "stays_away"

    def answers_before_leaving(self, total: int) -> int:
        """How many of a sitting's trials they answer before they leave, 0 to total − 1."""
        return int(self._drawn[3] * total)

    @cached_property
    def _drawn(self) -> list[float]:
        """Four uniform numbers: manner, leaving, what then, when."""
        drawn: list[float] = stream(self.population.seed, Use.MANNER, self.number).random(4).tolist()
        return drawn

    @cached_property
    def device(self) -> dict[str, Any]:
        """What they look with, as `trial/device.js` tells it."""
        drawn = stream(self.population.seed, Use.DEVICE, self.number).integers(len(DEVICES))
        return {**DEVICES[int(drawn)], "browser_zoom": 1, "drawer": "canvas"}

    @cached_property
    def deviations(self) -> dict[str, float]:
        """How far their score of each condition is from everybody's, log-odds."""
        truth = self.population.truth
        drawn = stream(self.population.seed, Use.TASTE, self.number).normal(size=len(truth.scores))
        return dict(zip(truth.scores, (truth.observer_sd * drawn).tolist(), strict=True))

    def does(self, shown: Shown, answers: tuple[str, ...]) -> Doing:
        """What they do at a trial; ``answers`` are those that the study takes. The same again for the same trial."""
        habits = self.population.habits
        fast, double, contradict, reload, not_sure, hasty = (
            stream(self.population.seed, Use.HABIT, self.number, shown.position).random(6).tolist()
        )
        unsure = "not_sure" in answers and self.manner == "looks" and not_sure < habits.not_sure
        return Doing(
            answer="not_sure" if unsure else self._chosen(shown, answers),
            looked=self._looked(shown, reloads=int(reload < habits.reload)),
            too_fast_ms=int(hasty * TOO_SOON_MS) if fast < habits.too_fast else None,
            double=double < habits.double,
            contradict=contradict < habits.contradict,
            reload=reload < habits.reload,
        )

    def _chosen(self, shown: Shown, answers: tuple[str, ...]) -> str:
        drawn = float(stream(self.population.seed, Use.CHOICE, self.number, shown.position).random())
        if self.manner == "always_left":
            return "left"
        truth = self.population.truth
        nu = truth.nu if "tie" in answers else 0.0
        if self.manner == "at_random":
            return choose(chances(0.0, 0.0, nu=float(nu > 0)), drawn)
        seen = (truth.on(shown.content, side) + self.deviations[side] for side in (shown.left, shown.right))
        return choose(chances(*seen, nu=nu, side_bias=truth.side_bias), drawn)

    def _looked(self, shown: Shown, *, reloads: int) -> dict[str, Any]:
        """As `trial/state.js` measures it: a log-normal time, now and then a look at 1:1."""
        chance = stream(self.population.seed, Use.LOOKING, self.number, shown.position)
        response_ms = TOO_SOON_MS + round(MEDIAN_RESPONSE_MS * float(chance.lognormal(0, 0.6)))
        closely, share, first = chance.random(3).tolist()
        close = closely < 0.5
        return {
            "response_ms": response_ms,
            "hidden_ms": 0,
            "max_zoom": 1.0 if close else 0.25,
            "one_to_one_ms": round(response_ms * share / 2) if close else 0,
            "inspected_left": round(share, 4) if close else 0.0,
            "inspected_right": round(share, 4) if close else 0.0,
            "flips": 0,
            "reloads": reloads,
            "first_painted": "left" if first < 0.5 else "right",
        }
