"""Votes added up by who looked at what: observers crossed with contents."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from analysis.counts import PairCounts, count_votes
from analysis.models.newton import Floats, Ints, PairVotes


@dataclass(frozen=True)
class CrossedCounts:
    """Counts per cell, which is one observer on one content, and compared pair.

    Attributes:
        cells: Counts with one row per cell that has a vote, in place of one per observer.
        observer: Shape (cells,): who looked, 0 to observers − 1.
        content: Shape (cells,): at what, 0 to contents − 1.
        observers: m, how many observers.
        contents: c, how many contents.
    """

    cells: PairCounts
    observer: Ints
    content: Ints
    observers: int
    contents: int

    def by_observer(self) -> PairCounts:
        """The votes of each observer."""
        return self._by(self.observer, self.observers)

    def by_content(self) -> PairCounts:
        """The votes on each content."""
        return self._by(self.content, self.contents)

    def _by(self, group: Ints, groups: int) -> PairCounts:
        cells = self.cells
        tables = (added_up(table, group, groups) for table in (cells.wins, cells.losses, cells.ties))
        return PairCounts(cells.names, tuple(map(str, range(groups))), cells.pairs, *tables)

    def weighted(self, observers: Floats, contents: Floats) -> PairVotes:
        """Votes per pair where a vote counts its observer's multiplicity times its content's.

        Args:
            observers: Shape (m, replicates).
            contents: Shape (c, replicates).
        """
        return self.cells.weighted(observers[self.observer] * contents[self.content])


def count_crossed(votes: pd.DataFrame, names: Sequence[str] | None = None) -> CrossedCounts:
    """Add up fitted votes by observer and content.

    Args:
        votes: Columns ``observer``, ``content``, ``left``, ``right``, ``vote`` (left, right or tie only).
        names: The conditions, in order; those of the votes, sorted, if not given.
    Raises:
        ValueError: A condition that isn't in ``names``.
    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"observer": ["o", "o", "p"], "content": ["x", "y", "x"],
        ...     "left": ["a", "b", "a"], "right": ["b", "a", "b"], "vote": ["left", "tie", "right"]})
        >>> crossed = count_crossed(rows)
        >>> crossed.observer.tolist(), crossed.content.tolist()
        ([0, 0, 1], [0, 1, 0])
    """
    observer, observers = pd.factorize(votes["observer"], sort=True)
    content, contents = pd.factorize(votes["content"], sort=True)
    cell = observer * max(len(contents), 1) + content
    who, what = np.divmod(np.unique(cell).astype(np.intp), max(len(contents), 1))
    counted = count_votes(votes.assign(observer=cell), names)
    return CrossedCounts(counted, who, what, len(observers), len(contents))


def added_up(rows: csr_array, group: Ints, groups: int) -> csr_array:
    """Rows summed within their group; shape (groups, columns)."""
    onto = csr_array((np.ones(len(group)), (group, np.arange(len(group)))), shape=(groups, len(group)))
    return csr_array(onto @ rows)
