"""Johnson's image transformation network: layers, sizes, borders, whole photos."""

import numpy as np
import pytest
import torch

from enhancement.nn.inference import enhance, pick_device
from enhancement.nn.networks.johnson import Johnson, reflect
from enhancement.pictures import Photo


@pytest.fixture(scope="module")
def johnson() -> Johnson:
    torch.manual_seed(2)
    network = Johnson()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=(1 / parameter[0].numel()) ** 0.5 if parameter.ndim > 1 else 0.3)
    return network


def run(network: Johnson, photo: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return network(photo)  # type: ignore[no-any-return]


def test_the_number_of_parameters() -> None:
    kernels = 9 * 9 * (3 * 32 + 32 * 3) + 3 * 3 * (32 * 64 + 64 * 128 + 10 * 128 * 128 + 128 * 64 + 64 * 32)
    channels = 32 + 64 + 128 + 10 * 128 + 64 + 32
    assert sum(parameter.numel() for parameter in Johnson().parameters()) == kernels + 3 * channels + 3 == 1_679_235


def test_its_layers(johnson: Johnson) -> None:
    shapes = []
    layers = (johnson.head, johnson.down1, johnson.down2, johnson.blocks[4], johnson.up1, johnson.up2, johnson.out)
    hooks = [layer.register_forward_hook(lambda _m, _i, out: shapes.append(tuple(out.shape[1:]))) for layer in layers]
    run(johnson, torch.rand(1, 3, 18, 23))
    for hook in hooks:
        hook.remove()
    down = [(32, 20, 24), (64, 10, 12), (128, 5, 6), (128, 5, 6)]
    assert shapes == [*down, (64, 10, 12), (32, 20, 24), (3, 20, 24)]


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (3, 2), (2, 9), (4, 4), (5, 7), (20, 11), (33, 40)])
def test_any_size_and_the_same_with_and_without_gradients(johnson: Johnson, size: tuple[int, int]) -> None:
    photo = torch.rand(2, 3, *size)
    kept = photo.clone()
    inferred = run(johnson, photo)
    assert inferred.shape == photo.shape
    assert torch.equal(photo, kept)
    torch.testing.assert_close(inferred, johnson(photo).detach(), rtol=1e-4, atol=1e-5)


def test_a_size_that_is_no_multiple_of_four_is_continued_by_reflection_and_cut(johnson: Johnson) -> None:
    photo = torch.rand(1, 3, 10, 13)
    whole = torch.from_numpy(np.pad(photo.numpy(), ((0, 0), (0, 0), (0, 2), (0, 3)), mode="reflect"))
    torch.testing.assert_close(run(johnson, photo), run(johnson, whole)[:, :, :10, :13])


@pytest.mark.parametrize(("side", "mode"), [(6, "reflect"), (5, "reflect"), (4, "edge"), (1, "edge")])
def test_reflection_and_what_stands_in_where_a_side_is_short(side: int, mode: str) -> None:
    x = torch.rand(1, 2, side, 9)
    expected = np.pad(x.numpy(), ((0, 0), (0, 0), (4, 4), (0, 0)), mode=mode)  # type: ignore[call-overload]
    expected = np.pad(expected, ((0, 0), (0, 0), (0, 0), (4, 4)), mode="reflect")
    np.testing.assert_array_equal(reflect(x, 4, 4, 4, 4).numpy(), expected)


def test_a_block_adds_its_skip_and_nothing_follows(johnson: Johnson) -> None:
    x = torch.randn(1, 128, 6, 6)
    block = johnson.blocks[0]
    inner = torch.nn.Sequential(block.get_submodule("conv1"), torch.nn.ReLU(), block.get_submodule("conv2"))
    torch.testing.assert_close(block(x), x + inner(x))
    assert (block(x) < 0).any()


def test_a_whole_photo(johnson: Johnson, coffee: Photo) -> None:
    photo = coffee[:63, :90]
    output = run(johnson.eval(), torch.from_numpy(photo / np.float32(255)).permute(2, 0, 1)[None])[0]
    enhanced = enhance(johnson, photo, pick_device("cpu")).photo
    expected = np.clip(output.permute(1, 2, 0).double().numpy(), 0, 1) * 255
    assert enhanced.shape == photo.shape
    np.testing.assert_allclose(enhanced, expected, rtol=0, atol=0.52)


def test_its_norm_is_over_the_whole_photo(johnson: Johnson) -> None:
    """A dark corner far beyond any kernel's reach moves the other corner."""
    photo = torch.rand(1, 3, 160, 16)
    other = photo.clone()
    other[:, :, 120:] = 0
    assert (run(johnson, photo)[:, :, :8] - run(johnson, other)[:, :, :8]).abs().max() > 1e-3


def test_gradients_reach_every_parameter(johnson: Johnson) -> None:
    johnson.zero_grad()
    johnson(torch.rand(1, 3, 16, 16)).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in johnson.parameters())
    johnson.zero_grad()
