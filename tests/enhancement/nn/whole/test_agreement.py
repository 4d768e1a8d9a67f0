"""Half precision, where the network's picture is the same in it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from enhancement.nn.checkpoint import load
from enhancement.nn.inference import enhance
from enhancement.nn.networks.chain import Chain, Layer
from enhancement.nn.networks.generator import Generator
from enhancement.nn.whole import agreement, precision
from enhancement.nn.whole.agreement import AGREES_DB, agreed_dtype, agreement_db
from enhancement.pictures import Photo
from fixtures.demo_network import CHECKPOINT

CPU = torch.device("cpu")


@pytest.fixture
def multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this processor can: torch computes bfloat16 on any."""
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device: True)


def test_a_network_that_carries_colours_through_is_computed_in_float32(multiplies: None, coffee: Photo) -> None:
    network = load(CHECKPOINT).network
    assert agreement_db(network.chain(), CPU, torch.bfloat16) < AGREES_DB
    assert agreed_dtype(network.chain(), CPU) == torch.float32
    assert agreed_dtype(network.chain(), CPU, "bfloat16") == torch.bfloat16, "who asks for it by name has it"
    enhanced = enhance(network, coffee[:60, :70], CPU)
    assert enhanced.dtype == "float32"
    assert np.array_equal(enhanced.photo, enhance(network, coffee[:60, :70], CPU, precision="float32").photo)


def test_a_network_that_half_precision_is_enough_for(multiplies: None, coffee: Photo) -> None:
    torch.manual_seed(5)
    network = Generator(blocks=1, channels=8)
    assert agreement_db(network.chain(), CPU, torch.bfloat16) > AGREES_DB
    assert enhance(network, coffee[:60, :70], CPU).dtype == "bfloat16"


def test_no_difference_is_as_good_as_it_gets() -> None:
    assert agreement.agreement_db(Generator(blocks=1, channels=2).chain(), CPU, torch.float32) == float("inf")


def test_what_is_no_number_agrees_with_nothing(multiplies: None) -> None:
    """Infinity less infinity, in either precision."""
    wide = Layer(torch.full((3, 3, 1, 1), 3e38), torch.zeros(3), activation=())
    chain = Chain([wide, replace(wide, weight=-wide.weight), wide])
    assert agreement_db(chain, CPU, torch.bfloat16) == float("-inf")
    assert agreed_dtype(chain, CPU) == torch.float32


def test_a_processor_without_it_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device: False)
    monkeypatch.setattr(agreement, "agreement_db", lambda *_: pytest.fail("nothing to compare"))
    assert agreed_dtype(Generator(blocks=1, channels=2).chain(), CPU) == torch.float32
