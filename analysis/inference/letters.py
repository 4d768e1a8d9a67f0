"""Compact letter display: conditions that share a letter don't differ."""

import numpy as np

from analysis.models.newton import Bools, Ints

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def shared_letters(differ: Bools, order: Ints) -> tuple[str, ...] | None:
    """Letters such that two conditions share one exactly if they don't differ.

    Insert and absorb: conditions are inserted one by one, best first. A group that holds one from which the new one
    differs stays, and its part that doesn't differ joins the new one; a group within another is absorbed. What is left
    are all largest groups without a difference.

    Args:
        differ: Shape (n, n), symmetric.
        order: Shape (n,): the conditions, best first; group "a" holds the first.
    Returns:
        A text of letters per condition; None where more groups overlap than the 52 letters, small and capital.
    Source:
        Piepho 2004, doi:10.1198/1061860043515.
    Example:
        >>> differ = np.zeros((3, 3), dtype=bool)
        >>> differ[0, 2] = differ[2, 0] = True
        >>> shared_letters(differ, np.array([0, 1, 2]))
        ('a', 'ab', 'b')
    """
    groups = [0]  # each a set of places in order, as bits
    for place, condition in enumerate(order):
        # More insertions never leave fewer groups, so past the limit there is nothing to hope for.
        against = sum(1 << k for k in range(place) if differ[condition, order[k]])
        groups = _inserted(groups, 1 << place, against)
        if len(groups) > len(LETTERS):
            return None
    groups.sort(key=_members)
    of_place = [
        "".join(letter for letter, group in zip(LETTERS, groups, strict=False) if group >> place & 1)
        for place in range(len(order))
    ]
    back = np.argsort(order)
    return tuple(of_place[place] for place in back)


def _inserted(groups: list[int], new: int, against: int) -> list[int]:
    joined = [(group & ~against) | new for group in groups]
    stay = [group for group in groups if group & against]
    # A group that stays lacks the new one, so it can only lie within another that stays, which it never did.
    largest: list[int] = []
    for group in sorted(set(joined), key=int.bit_count, reverse=True):
        if not any(group & wider == group for wider in largest):
            largest.append(group)
    return stay + largest


def _members(group: int) -> list[int]:
    return [place for place in range(group.bit_length()) if group >> place & 1]
