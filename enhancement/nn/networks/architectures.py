"""The architectures that a checkpoint may name."""

from typing import Any

from enhancement.nn.networks.dong import Dong
from enhancement.nn.networks.generator import Generator
from enhancement.nn.networks.johnson import Johnson

Network = Generator | Dong | Johnson

ARCHITECTURES: dict[str, type[Generator] | type[Dong] | type[Johnson]] = {
    "dped": Generator,
    "dong": Dong,
    "johnson": Johnson,
}


class ArchitectureError(ValueError):
    """A network is asked for that can't be built; the message says which and what there is."""


def build(architecture: str, config: dict[str, Any]) -> Network:
    """Build a network with fresh weights.

    Args:
        architecture: A name of ``ARCHITECTURES``.
        config: The architecture's settings, as its network keeps them in ``config``.

    Raises:
        ArchitectureError: The name or a setting is unknown or out of range.

    Example:
        >>> build("dped", {"blocks": 2, "channels": 32}).config
        {'blocks': 2, 'channels': 32, 'norm': 'instance'}
    """
    if architecture not in ARCHITECTURES:
        raise ArchitectureError(f"There is no architecture {architecture!r}; known are {', '.join(ARCHITECTURES)}.")
    try:
        return ARCHITECTURES[architecture](**config)
    except (TypeError, ValueError) as error:
        raise ArchitectureError(
            f"The settings {config} don't fit the architecture {architecture!r}: {error}"
        ) from error


def architecture_of(network: Network) -> str:
    """The name under which a network's class stands in ``ARCHITECTURES``.

    Example:
        >>> architecture_of(Dong())
        'dong'
    """
    return next(name for name, kind in ARCHITECTURES.items() if type(network) is kind)
