"""What a simulated person was told: held against the database at the end of a rehearsal."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Acknowledged:
    """A vote that the server said it keeps."""

    trial: str
    receipt: int
    answer: str


@dataclass
class Diary:
    """What became of one person.

    Attributes:
        number: The person's.
        session: Token of their sitting; empty before they were seated.
        finished: Whether they saw the thanks.
        acknowledged: Votes that the server said it keeps, each once however often it was sent.
        refused: (trial, answer) of second answers that the server said it doesn't count.
        too_late: (trial, answer) of answers refused since the place was given away.
        too_fast: Hasty answers sent, and ``too_fast_refused`` those of them that were refused.
        doubles: Votes sent twice, and ``doubles_alike`` those of them that got one receipt twice.
        reloads: Pages loaded again.
        tiles: Pictures' tiles fetched.
        problem: Why the sitting broke off; empty when nothing went wrong.
    """

    number: int
    session: str = ""
    finished: bool = False
    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    too_late: list[tuple[str, str]] = field(default_factory=list)
    too_fast: int = 0
    too_fast_refused: int = 0
    doubles: int = 0
    doubles_alike: int = 0
    reloads: int = 0
    tiles: int = 0
    problem: str = ""
