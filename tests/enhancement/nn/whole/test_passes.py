"""Whole photos in strips against the network's own module over the whole picture, in double precision."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from enhancement.nn.conversion import read_released
from enhancement.nn.inference import enhance, to_whole
from enhancement.nn.networks.architectures import Network
from enhancement.nn.networks.dong import Dong
from enhancement.nn.networks.generator import Generator
from enhancement.nn.networks.johnson import Johnson
from enhancement.nn.whole.modes import kept_bytes
from enhancement.nn.whole.passes import Mode, Passes, output_strips
from enhancement.pictures import Photo

CPU = torch.device("cpu")

NETWORKS: dict[str, Callable[[], Network]] = {
    "dped": lambda: Generator(blocks=2, channels=8),
    "dped with batch norm": lambda: Generator(blocks=2, channels=8, norm="batch"),
    "dong": Dong,
    "johnson": Johnson,
}
SIZES = [(1, 1), (1, 9), (9, 1), (3, 2), (13, 19), (24, 12)]
"""As (height, width): one pixel, one row or column, smaller than a kernel, odd, multiples of four."""


def made(name: str) -> Network:
    """A network whose weights, norms and statistics are all different, and and whose output is not saturated."""
    torch.manual_seed(3)
    network = NETWORKS[name]()
    for key, parameter in network.named_parameters():
        nn.init.normal_(parameter, 1.0 if "norm" in key and key.endswith("weight") else 0.0, 0.1)
        if parameter.ndim == 4:
            nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.get_buffer("running_mean").normal_(0, 0.3)
            module.get_buffer("running_var").uniform_(0.5, 2)
    return network.eval()


def photo_of(size: tuple[int, int]) -> Photo:
    return np.random.default_rng(5).integers(0, 256, (*size, 3), dtype=np.uint8)


def whole(network: Network, photo: Photo, dtype: torch.dtype = torch.float64) -> Tensor:
    """What the module itself says: (H, W, 3)."""
    with torch.inference_mode():
        planes = torch.from_numpy(photo).permute(2, 0, 1)[None].to(dtype) / 255
        output: Tensor = network.to(dtype)(planes)[0].permute(1, 2, 0)
    network.float()
    return output


def in_strips(network: Network, photo: Photo, dtype: torch.dtype, mode: Mode, strip_px: int | None) -> Tensor:
    chain = network.chain()
    with torch.inference_mode():
        strips = list(output_strips(chain, to_whole(photo, chain.step_px, CPU), dtype, mode, strip_px))
    return torch.cat(strips)[: photo.shape[0], : photo.shape[1]]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", NETWORKS)
def test_both_modes_are_the_pass_over_the_whole_picture(name: str, size: tuple[int, int]) -> None:
    network, photo = made(name), photo_of(size)
    truth = whole(network, photo)
    assert len(photo) < 13 or 0.02 < truth.std() < 0.5
    # Where a norm sees two or three pixels, float32 itself is far from the truth; no farther than that, then.
    rounding = (whole(network, photo, torch.float32).double() - truth).abs().max().item()
    for strip_px in (1, 5, None):
        fast, lean = (in_strips(network, photo, torch.float32, mode, strip_px) for mode in ("fast", "lean"))
        assert torch.equal(fast, lean)
        assert (fast.double() - truth).abs().max().item() <= max(3e-6, 20 * rounding)


@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_is_near_and_both_modes_agree_to_the_bit(name: str) -> None:
    network, photo = made(name), photo_of((16, 20))
    fast, lean = (in_strips(network, photo, torch.bfloat16, mode, 3) for mode in ("fast", "lean"))
    assert torch.equal(fast, lean)
    assert fast.dtype == torch.float32
    truth = whole(network, photo)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        naive = whole(network, photo, torch.float32)
    assert (fast - truth).square().mean() < (naive - truth).square().mean()


def test_released_weights_keep_65_db_in_bfloat16(shared: Callable[[str], Path], coffee: Photo) -> None:
    network, _ = read_released(shared("dped/weights") / "dped_resnet_8_32.index")
    photo = np.ascontiguousarray(coffee[100:148, 100:180])
    error = in_strips(network, photo, torch.bfloat16, "fast", None).double() - whole(network, photo)
    assert -10 * torch.log10(error.square().mean()) > 65


def test_a_strip_of_a_whole_photo_is_the_network_clipped_and_rounded() -> None:
    network, photo = made("johnson"), photo_of((7, 10))
    expected = whole(network, photo).clamp(0, 1).mul(255)
    for mode in ("fast", "lean"):
        enhanced = enhance(network, photo, CPU, precision="float32", mode=mode)
        assert (enhanced.photo.shape, enhanced.mode, enhanced.dtype) == ((7, 10, 3), mode, "float32")
        assert np.abs(enhanced.photo - expected.numpy()).max() < 0.51


def test_a_read_only_photo_is_read(recwarn: pytest.WarningsRecorder) -> None:
    photo = photo_of((4, 4))
    photo.setflags(write=False)
    enhance(made("dong"), photo, CPU)
    assert not recwarn.list


@pytest.mark.parametrize("mode", ["fast", "lean"])
@pytest.mark.parametrize("name", NETWORKS)
def test_rows_that_were_waited_for_do_not_add_up_at_the_end(name: str, mode: Mode) -> None:
    chain, photo = made(name).chain(), torch.from_numpy(photo_of((40, 12)))
    with torch.inference_mode():
        heights = [len(strip) for strip in output_strips(chain, photo, torch.float32, mode, strip_px=4)]
    assert max(heights) == 4
    assert sum(heights) == 40


def test_lean_keeps_nothing() -> None:
    chain = made("dped").chain()
    passes = Passes(chain, torch.from_numpy(photo_of((32, 40))), torch.float32, "lean", 4)
    for place, layer in enumerate(chain.layers):
        if layer.norm is not None:
            passes.look(place)
            assert not any(queue.strips for queue in [passes.kept, *passes.skips.values()])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", ["dped", "johnson"])
def test_fast_keeps_what_it_says(name: str, dtype: torch.dtype) -> None:
    """Seen at the end of every pass: what waits, in bytes, is at most what the choice of mode reckons with."""
    chain, photo = made(name).chain(), torch.from_numpy(photo_of((32, 40)))
    passes = Passes(chain, photo, dtype, "fast", 4)
    most = 0
    for place in chain.normed:
        passes.look(place)
        queues = [passes.kept, *passes.skips.values()]
        most = max(most, sum(kept.strip.nbytes for queue in queues for kept in queue.strips))
    reckoned = kept_bytes(chain, 32, 40, dtype)
    assert reckoned / 2 < most <= reckoned


def test_half_precision_keeps_half_of_what_lies_between_the_ends() -> None:
    """The first block's skip begins at the first layer's map, which is float32 there, and is kept in bfloat16."""
    chain = made("dped").chain()
    assert 2 * kept_bytes(chain, 32, 40, torch.bfloat16) == kept_bytes(chain, 32, 40, torch.float32)
