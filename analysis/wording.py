"""Numbers and names as sentences have them."""

from collections.abc import Sequence


def counted(number: int, noun: str, more: str = "") -> str:
    """A number with its noun, in the singular where it is one.

    Args:
        number: How many.
        noun: For one of them.
        more: For several, where an s doesn't make it.

    >>> counted(1, "vote"), counted(1200, "vote"), counted(2, "photo of a scene", "photos of a scene")
    ('1 vote', '1,200 votes', '2 photos of a scene')
    """
    return f"{number:,} {noun if number == 1 else more or f'{noun}s'}"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def sample_said(votes: int, observers: int, contents: int) -> str:
    """How much was voted.

    >>> sample_said(26580, 29, 1)
    '26,580 votes by 29 observers on 1 content'
    """
    return f"{counted(votes, 'vote')} by {counted(observers, 'observer')} on {counted(contents, 'content')}"


def first_of(names: Sequence[str], others: str, most: int = 3) -> str:
    """Names as a sentence has them, of many the first ones and how many others.

    Args:
        names: One at least.
        others: What one that isn't named is called.
        most: How many are named.

    >>> first_of(["a", "b", "c"], "other"), first_of(["a", "b", "c", "d"], "other content")
    ('a, b and c', 'a, b, c and 1 other content')
    """
    more = len(names) - most
    return listed([*names[:most], *([counted(more, others)] if more > 0 else [])])


def ended(said: str) -> str:
    """A sentence with its full stop, once.

    >>> ended("so it is"), ended("It is.")
    ('so it is.', 'It is.')
    """
    return said if said.endswith((".", "?")) else f"{said}."
