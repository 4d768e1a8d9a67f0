"""Whether a finite maximum exists where more than scores is fitted, or where a prior holds the scores.

A concave likelihood has one finite maximum exactly if it falls in every direction (Albert and Anderson 1984,
doi:10.1093/biomet/71.1.1). Along a direction (x, t) of the predictors a vote for the left one doesn't get less likely
if x ≥ 0 and x ≥ 2t, one for the right if −x ≥ 0 and −x ≥ 2t, a tie if 2t ≥ |x|: inequalities that a linear program
reads. (Thresholds count double beside Davidson's log ν; the scale of t is free, so one reading serves all.)
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from analysis.models.connection import NotConnectedError, require_connected
from analysis.models.likelihood import Design
from analysis.models.newton import Bools
from analysis.models.showings import Showings


def require_finite(votes: Showings, design: Design, tie_design: Design, held: Bools, *, connected: bool = True) -> None:
    """Raise if no finite maximum exists, or more than one.

    Args:
        votes: What is fitted.
        design: Shape (cells, parameters), with ``tie_design`` that of the fit; the first n parameters are scores.
        tie_design: All zero where ties aren't modelled.
        held: Shape (parameters,): which parameters a prior holds.
        connected: Whether the votes must connect all conditions: not where a prior holds the scores.
    Raises:
        NotConnectedError: Says what is wanting.
    """
    if connected:
        wins, ties = votes.matrices()
        require_connected(wins, ties, votes.names)
    design, tie_design = csr_array(design), csr_array(tie_design)
    extra = design.shape[1] - len(votes.names)
    if extra == 0 or (connected and extra == 1 and tie_design.nnz and not _sided(votes, design)):
        return  # require_connected has read this case exactly
    rows = _rows(votes, design, tie_design)[:, _open(held, len(votes.names))]
    if rows.shape[1] and np.linalg.matrix_rank((rows.T @ rows).toarray()) < rows.shape[1]:
        raise _refused(votes.names, "no pair was shown both ways round, so sides and scores can't be told apart")
    if rows.shape[1] and _escapes(rows):
        raise _refused(votes.names, _reason(votes, design))


def _sided(votes: Showings, design: csr_array) -> bool:
    n = len(votes.names)
    return bool(design[:, n:].nnz)


def _open(held: Bools, n: int) -> Bools:
    """Which parameters may run away: those no prior holds, but for one score, as only differences matter."""
    free = ~held
    if free[:n].any():
        free[int(np.flatnonzero(free[:n])[0])] = False
    return free


def _rows(votes: Showings, design: csr_array, tie_design: csr_array) -> csr_array:
    """One row per inequality, "row @ direction ≥ 0"."""
    left, right, tied = votes.left > 0, votes.right > 0, votes.ties > 0
    rows = [design[left], -design[right]]
    if tie_design.nnz:
        rows += [design[left] - 2.0 * tie_design[left], -design[right] - 2.0 * tie_design[right]]
        rows += [2.0 * tie_design[tied] - design[tied], 2.0 * tie_design[tied] + design[tied]]
    return csr_array(vstack(rows))


def _escapes(rows: csr_array) -> bool:
    table = np.asarray(rows.toarray(), dtype=np.float64)
    limits = np.repeat([0.0, 1.0], len(table))
    found = linprog(-table.sum(axis=0), A_ub=np.concatenate([-table, table]), b_ub=limits, bounds=(None, None))
    if not found.success or found.fun is None:
        raise ArithmeticError(f"whether scores exist could not be read: {found.message}; please report these votes")
    return bool(-found.fun > 1e-6)


def _reason(votes: Showings, design: csr_array) -> str:
    if not (votes.left.any() or votes.right.any()):
        return "every vote is a tie"
    if design.shape[1] > len(votes.names) + 2:
        return "some condition ties too rarely, or too often, for a ν of its own"
    if not _sided(votes, design):
        return "ties are so many that no win contradicts another"
    if not (votes.left.any() and votes.right.any()):
        return "one side was chosen every time, so its advantage has no end"
    return "an advantage of one side, growing together with the scores, explains every vote ever better"


def _refused(names: Sequence[str], why: str) -> NotConnectedError:
    return NotConnectedError((), (), (tuple(names),), why)
