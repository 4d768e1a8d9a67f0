"""What a walk took, as a table."""

from collections.abc import Sequence

import numpy as np

from tests.throttled_phone.phone import LOOKS_S, Pair, Phone


def table(phone: Phone, minutes: float) -> str:
    """What it took, page by page and pair by pair."""
    after = list(zip(phone.pairs, phone.pairs[1:], strict=False))
    rows = [
        row(f"after {look} s of looking", [two for one, two in after if one.look_s == look and not one.is_close])
        for look in LOOKS_S
    ]
    rows.append(row("after a look at 1:1", [two for one, two in after if one.is_close]))
    return "\n".join([
        f"{'page':28}{'times':>8}{'median s':>9}{'most s':>9}{'MB':>9}{'jumps':>9}",
        *(page(phone, name) for name in dict.fromkeys(one[0] for one in phone.pages)), "",
        f"{'until voting is open, s':28}{'pairs':>8}{'median':>9}{'p95':>9}{'most':>9}", *rows, "",
        *(weight(phone, name, is_close=near) for name, near in (("as a whole", False), ("also at 1:1", True))),
        f"{len(phone.pairs)} pairs, {minutes:.1f} minutes in all, {phone.received / 1e6:.1f} MB",
    ])  # fmt: skip


def page(phone: Phone, name: str) -> str:
    """How long a page took until it was there, what it weighed, and by how much its parts jumped."""
    seconds, mb, jumps = zip(*(one[1:] for one in phone.pages if one[0] == name), strict=True)
    times = f"{len(seconds):8}{np.median(seconds):9.1f}{max(seconds):9.1f}"
    return f"{name:28}{times}{np.mean(mb):9.2f}{max(jumps):9.3f}"


def row(name: str, pairs: Sequence[Pair]) -> str:
    """Median, 95th percentile and most of what was waited for."""
    waits = [pair.opened_ms / 1000 for pair in pairs if pair.opened_ms is not None]
    if not waits:
        return f"{name:28}{0:8}"
    return f"{name:28}{len(waits):8}{np.median(waits):9.2f}{np.percentile(waits, 95):9.2f}{max(waits):9.2f}"


def weight(phone: Phone, name: str, *, is_close: bool) -> str:
    """Bytes of the pairs looked at so, and the seconds that the line needs for them at the very least."""
    sides = list(phone.side_bytes.values())
    of = [sum(sides[2 * n : 2 * n + 2]) / 1e6 for n, pair in enumerate(phone.pairs) if pair.is_close == is_close]
    mb = float(np.median(of))
    return f"a pair seen {name:14}{mb:6.2f} MB, {mb * 8 / phone.line.down_mbit:.1f} s of this line"
