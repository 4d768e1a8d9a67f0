"""Through every page by its links, so that a new page is tried and looked at without anybody adding it to a list."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urldefrag, urlsplit

from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Error, Page

LINKS = "[...document.querySelectorAll('a[href]:not([download])')].map(link => link.href)"


@dataclass(frozen=True)
class Visited:
    """A page that was reached.

    Attributes:
        name: The address's name in urls.py, with the namespace of the admin.
    """

    path: str
    name: str


def walk(
    page: Page,
    site: str,
    starts: Iterable[str],
    at_each: Callable[[Visited], None],
    *,
    each_at_most: int = 12,
    leave_out: tuple[str, ...] = (),
) -> list[Visited]:
    """Open the pages that links lead to from ``starts``, breadth first, and do something at each.

    Args:
        each_at_most: How many pages of one name are opened: studies differ, the admin's rows hardly do.
        leave_out: Beginnings of paths that aren't opened.
    """
    waiting, known, times = deque(starts), set(starts), Counter[str]()
    visited: list[Visited] = []
    while waiting:
        path = waiting.popleft()
        name = name_of(path)
        if times[name] >= (1 if name.startswith("admin:") else each_at_most) or path.startswith(leave_out or "\0"):
            continue
        if not is_page(page, site + path):
            continue
        times[name] += 1
        visited.append(Visited(path, name))
        at_each(visited[-1])
        for link in page.evaluate(LINKS):
            if (found := inside(link, site)) and found not in known:
                known.add(found)
                waiting.append(found)
    return visited


def inside(link: str, site: str) -> str | None:
    """The path of a link that stays here; the admin's many sortings and filters of a list are one page."""
    parts = urlsplit(urldefrag(link).url)
    if f"{parts.scheme}://{parts.netloc}" != site:
        return None
    return f"{parts.path}?{parts.query}" if parts.query and not parts.path.startswith("/admin/") else parts.path


def is_page(page: Page, address: str) -> bool:
    """Open an address; whether it is a page to read, and no picture or file."""
    try:
        answer = page.goto(address)
    except Error as refused:
        if "Download is starting" in refused.message:
            return False
        raise
    return answer is not None and answer.headers.get("content-type", "").startswith("text/html")


def name_of(path: str) -> str:
    """The name of the address; where none is, the path itself."""
    try:
        return resolve(urlsplit(path).path).view_name or path
    except Resolver404:
        return path


def every_name() -> set[str]:
    """The names of all addresses but the admin's, from the resolver."""
    return {name for entry in get_resolver().url_patterns for name in _names(entry)}


def _names(entry: URLPattern | URLResolver) -> Iterable[str]:
    if isinstance(entry, URLPattern):
        return [entry.name] if entry.name else []
    if entry.namespace == "admin":
        return []
    return [name for inner in entry.url_patterns for name in _names(inner)]
