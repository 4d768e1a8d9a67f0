"""Whether votes tie all conditions together: only then do finite scores exist.

Bradley-Terry has a finite maximum exactly if the digraph "i won at least once over j" is strongly connected (Ford
1957, doi:10.1080/00029890.1957.11989117). With ties modelled a tie leads both ways, and one more escape must be shut:
all scores spreading while ν grows, which is open only if no condition ever beat one that stood, by wins and ties, on
its own level or above (a system of difference constraints; it has a solution exactly if no cycle is negative).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import NegativeCycleError, bellman_ford, connected_components

from analysis.models.newton import Bools, Floats, Ints, PairVotes

NAMES_SHOWN = 8


class NotConnectedError(ValueError):
    """No finite scores exist for these votes; says which conditions are undefeated, winless or apart.

    Attributes:
        undefeated: Conditions that were compared and never lost.
        winless: Conditions that were compared and never won.
        apart: The strongly connected parts, largest first, each a tuple of names.
    """

    def __init__(self, undefeated: Sequence[str], winless: Sequence[str], apart: Sequence[Sequence[str]], why: str):
        self.undefeated, self.winless = tuple(undefeated), tuple(winless)
        self.apart = tuple(tuple(part) for part in apart)
        super().__init__(f"No finite scores exist: {why}. More votes on these pairs, or fewer conditions, are needed.")


def require_connected(wins: Floats, ties: Floats, names: Sequence[str]) -> None:
    """Raise if no finite scores exist.

    Args:
        wins: Shape (n, n), ``wins[i, j]`` counts votes for i over j.
        ties: Shape (n, n), symmetric counts; zeros where ties are not modelled.
        names: One per condition.
    Raises:
        NotConnectedError: Naming the conditions.
    """
    beats = (wins + ties) > 0
    count, labels = connected_components(beats, directed=True, connection="strong")
    if count > 1:
        raise _explained(beats, wins, labels, names)
    if ties.any() and _ties_run_away(wins, ties):
        why = "ties are so many that no win contradicts another" if wins.any() else "every vote is a tie"
        raise NotConnectedError((), (), (tuple(names),), why)


def connected_replicates(votes: PairVotes, pairs: Ints, n: int) -> Bools:
    """Which replicates have a finite maximum, shape (replicates,).

    The same two conditions as :func:`require_connected`, the first for all replicates at once: everything must be
    reachable from condition 0, and condition 0 from everything.
    """
    ties = np.zeros_like(votes.wins) if votes.ties is None else votes.ties
    edges = np.zeros((votes.wins.shape[1], n, n), dtype=np.float32)
    edges[:, pairs[:, 0], pairs[:, 1]] = (votes.wins + ties > 0).T
    edges[:, pairs[:, 1], pairs[:, 0]] = (votes.losses + ties > 0).T
    strong = _reached(edges) & _reached(edges.transpose(0, 2, 1))
    # A pair won both ways shuts the second escape; only what is left needs the full test.
    doubtful = strong & ties.any(axis=0) & ~((votes.wins > 0) & (votes.losses > 0)).any(axis=0)
    for replicate in np.flatnonzero(doubtful):
        strong[replicate] = not _ties_run_away(
            square(votes.wins[:, replicate], votes.losses[:, replicate], pairs, n),
            square(ties[:, replicate], ties[:, replicate], pairs, n),
        )
    return strong


def square(forward: Floats, backward: Floats, pairs: Ints, n: int) -> Floats:
    """Counts per pair as a matrix (n, n): ``forward`` at (i, j), ``backward`` at (j, i)."""
    matrix = np.zeros((n, n))
    matrix[pairs[:, 0], pairs[:, 1]] = forward
    matrix[pairs[:, 1], pairs[:, 0]] = backward
    return matrix


def _reached(edges: npt.NDArray[np.float32]) -> Bools:
    seen = np.zeros((len(edges), 1, edges.shape[1]), dtype=np.float32)
    seen[:, 0, 0] = 1.0
    while True:
        wider = np.minimum(seen + np.matmul(seen, edges), 1.0)
        if np.array_equal(wider, seen):
            return np.asarray(seen[:, 0].all(axis=1))
        seen = wider


def _ties_run_away(wins: Floats, ties: Floats) -> bool:
    """Whether scores v exist with vi − vj ≥ 2 for every win of i over j and |vi − vj| ≤ 2 for every tie."""
    bounds = np.where(wins > 0, -2.0, np.where(ties > 0, 2.0, np.inf))
    n = len(wins)
    graph = np.full((n + 1, n + 1), np.inf)
    graph[1:, 1:] = bounds
    graph[0, 1:] = 1.0  # a root that reaches every condition, so that no negative cycle stays unseen
    try:
        bellman_ford(graph, indices=np.array([0]))
    except NegativeCycleError:
        return False
    return True


def _explained(beats: Bools, wins: Floats, labels: npt.NDArray[np.int32], names: Sequence[str]) -> NotConnectedError:
    compared = beats.any(axis=0) | beats.any(axis=1)
    undefeated = [names[int(k)] for k in np.flatnonzero(compared & ~beats.any(axis=0))]
    winless = [names[int(k)] for k in np.flatnonzero(compared & ~beats.any(axis=1))]
    apart = sorted(([names[int(k)] for k in np.flatnonzero(labels == part)] for part in np.unique(labels)), key=len)[
        ::-1
    ]
    return NotConnectedError(undefeated, winless, apart, _reason(beats, labels, undefeated, winless, apart))


def _reason(
    beats: Bools,
    labels: npt.NDArray[np.int32],
    undefeated: Sequence[str],
    winless: Sequence[str],
    apart: Sequence[Sequence[str]],
) -> str:
    islands, _ = connected_components(beats, directed=False)
    said = []
    if islands > 1:
        said.append("no vote compares these groups with each other: " + " | ".join(_some(part) for part in apart))
    if undefeated:
        said.append(f"never lost: {_some(undefeated)}")
    if winless:
        said.append(f"never won: {_some(winless)}")
    if not said:
        said.append("between these groups all votes go one way: " + " | ".join(_some(part) for part in apart))
    return "; ".join(said)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} and {len(names) - NAMES_SHOWN} more"
