"""A photo through a network."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from enhancement.nn.inference import DeviceError, enhance, enhance_by, enhance_floats, pick_device, to_photo
from enhancement.nn.methods import way_of
from enhancement.nn.networks.chain import PICTURE, Chain, Layer
from enhancement.nn.networks.generator import Generator
from enhancement.nn.transfers import Download, NotFiniteError
from enhancement.pictures import Photo

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    network = Generator(blocks=2, channels=8)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network


def test_it_is_the_network_clipped_and_rounded(generator: Generator, coffee: Photo) -> None:
    photo = coffee[:40, :50]
    with torch.inference_mode():
        output = generator.eval()(torch.from_numpy(photo / np.float32(255)).permute(2, 0, 1)[None].contiguous())[0]
    expected = np.clip(output.permute(1, 2, 0).double().numpy(), 0, 1) * 255
    enhanced = enhance(generator, photo, CPU, precision="float32")
    assert (enhanced.device, enhanced.dtype) == ("cpu", "float32")
    assert (enhanced.photo.dtype, enhanced.photo.shape) == (np.uint8, photo.shape)
    assert enhanced.photo.flags.c_contiguous
    np.testing.assert_allclose(enhanced.photo, expected, rtol=0, atol=0.501)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 3), (36, 5)])
def test_photos_smaller_than_the_receptive_field(generator: Generator, size: tuple[int, int]) -> None:
    assert enhance(generator, np.full((*size, 3), 90, np.uint8), CPU).photo.shape == (*size, 3)


@pytest.mark.gpu
@pytest.mark.parametrize("mode", ["fast", "lean"])
@pytest.mark.parametrize("size", [(1, 1), (40, 50), (300, 400)])
def test_a_gpu_gives_the_same_picture(generator: Generator, coffee: Photo, size: tuple[int, int], mode: str) -> None:
    photo = coffee[: size[0], : size[1]]
    enhanced = enhance(generator, photo, torch.device("cuda"), precision="float32", mode=mode)
    assert (enhanced.device, enhanced.dtype, enhanced.mode) == (torch.cuda.get_device_name(), "float32", mode)
    expected = enhance(generator, photo, CPU, precision="float32").photo
    assert np.abs(enhanced.photo.astype(int) - expected).max() <= 1
    assert 0 < enhanced.seconds(-1) < 60


@pytest.mark.gpu
@pytest.mark.parametrize("mode", ["fast", "lean"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_gpu_has_the_next_photos_before_one_is_done(
    generator: Generator, coffee: Photo, precision: str, mode: str
) -> None:
    way = way_of(generator.chain(), {"device": "cuda", "precision": precision, "mode": mode})
    photos = [np.roll(coffee, 31 * number, axis=1) for number in range(3)]
    expected = [way(photo).photo for photo in photos]
    torch.cuda._sleep(2 * 10**9)  # cycles: the GPU is busy for about a second
    torch.cuda.set_sync_debug_mode("error")
    try:
        underway = [way(photo) for photo in photos]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    first = underway[0].made
    assert isinstance(first, Download)
    assert not first.arrived.query(), "the photos were given one by one"
    for enhanced, photo in zip(underway, expected, strict=True):
        assert np.array_equal(enhanced.photo, photo)


def overflowing() -> Chain:
    """Weights that are numbers, and a picture that isn't: infinity where the photo isn't black, and times 0 nothing."""
    kernels = torch.full((3, 3, 1, 1), 3e38)
    huge = Layer(kernels, torch.zeros(3), activation=())
    return Chain([huge, huge, Layer(torch.zeros(3, 3, 1, 1), torch.zeros(3), activation=PICTURE)])


@pytest.mark.parametrize("mode", ["fast", "lean"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_is_no_number_is_no_picture(precision: str, mode: str) -> None:
    photo = np.zeros((40, 30, 3), np.uint8)
    assert enhance_by(overflowing(), photo, CPU, precision=precision, mode=mode).photo.max() == 128
    photo[31, 7] = 200
    with pytest.raises(NotFiniteError, match="gives values that are no finite numbers for this photo"):
        enhance_by(overflowing(), photo, CPU, precision=precision, mode=mode)


@pytest.mark.gpu
def test_a_gpu_says_so_with_the_picture() -> None:
    enhanced = enhance_by(overflowing(), np.full((40, 30, 3), 9, np.uint8), torch.device("cuda"), precision="float32")
    with pytest.raises(NotFiniteError, match="no finite numbers"):
        _ = enhanced.photo


def test_a_photo_in_a_batch_is_the_photo_alone(generator: Generator, coffee: Photo) -> None:
    photos = np.stack([coffee[:30, :30], coffee[100:130, 100:130], np.zeros((30, 30, 3), np.uint8)])
    alone = np.stack([enhance_floats(generator, photo[None], CPU)[0] for photo in photos])
    np.testing.assert_allclose(enhance_floats(generator, photos, CPU), alone, rtol=0, atol=1e-5)


def test_the_output_overshoots_unclipped(generator: Generator, coffee: Photo) -> None:
    output = enhance_floats(generator, coffee[None, :60, :60], CPU)
    assert output.dtype == np.float32
    assert output.min() < 0
    assert output.max() <= 1.08


@given(st.lists(st.floats(-0.0625, 1.0625, width=32), min_size=1, max_size=50))
@settings(deadline=None)
def test_rounding_is_to_the_nearest_of_256(values: list[float]) -> None:
    levels = to_photo(np.array(values, np.float32))
    assert (np.abs(levels / 255 - np.clip(values, 0, 1)) <= 0.5 / 255 + 1e-7).all()


@pytest.mark.parametrize(
    "photo",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
)
def test_what_is_no_photo(generator: Generator, photo: Photo) -> None:
    with pytest.raises(ValueError, match=r"takes uint8 of shape \(H, W, 3\), not"):
        enhance(generator, photo, CPU)


def test_devices() -> None:
    assert pick_device("cpu").type == "cpu"
    assert pick_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(DeviceError, match="not 'tpu'"):
        pick_device("tpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_here() -> None:
    with pytest.raises(DeviceError, match="No CUDA GPU can be used here"):
        pick_device("cuda")
