"""What architectures may be told is what they are built with."""

from inspect import signature

import pytest

from enhancement.nn.networks.architectures import ARCHITECTURES, ArchitectureError, build
from enhancement.nn.networks.settings import SETTINGS, problems


def test_each_architecture_has_its_settings_with_the_same_defaults() -> None:
    assert set(SETTINGS) == set(ARCHITECTURES)
    for name, network in ARCHITECTURES.items():
        built = {key: one.default for key, one in signature(network).parameters.items()}
        assert SETTINGS[name]().model_dump() == built, name


@pytest.mark.parametrize("told", [{"blocks": 0}, {"channels": 0}, {"norm": "layer"}, {"depth": 3}])
def test_what_is_refused_here_can_not_be_built_either(told: dict[str, object]) -> None:
    assert problems("dped", told)
    with pytest.raises(ArchitectureError):
        build("dped", dict(told))


def test_an_unknown_architecture_is_named() -> None:
    assert problems("unet", {}) == ["There is no architecture 'unet'; known are dped, dong, johnson."]
