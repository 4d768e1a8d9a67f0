"""What is compiled against the same in torch, an operation at a time."""

import gc
import itertools
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from enhancement.nn.inference import enhance
from enhancement.nn.networks.chain import PICTURE, RELU, Layer, Step
from enhancement.nn.networks.dong import Dong
from enhancement.nn.networks.generator import Generator
from enhancement.nn.networks.johnson import Johnson
from enhancement.nn.whole import kernels
from enhancement.nn.whole.finishing import (
    Finishing,
    Strip,
    finish_by_torch,
    finish_compiled,
    look_by_torch,
    look_compiled,
)
from enhancement.nn.whole.precision import DTYPES
from enhancement.nn.whole.queues import Queue, Slots
from enhancement.pictures import Photo

BOTH = (torch.float32, torch.bfloat16)
STEPS = {
    "nothing": (),
    "relu": RELU,
    "picture": PICTURE,
    "all": (Step("leaky", 0.2), Step("clip", -0.5, 0.7), Step("sigmoid"), Step("affine", -3, 1), Step("tanh")),
}


def rows_of(dtype: torch.dtype, height: int = 5, width: int = 37, channels: int = 6) -> torch.Tensor:
    return torch.randn(height, width, channels).to(dtype)


def layer_of(activation: str = "nothing", after: str = "nothing") -> Layer:
    return Layer(torch.zeros(6, 6, 1, 1), torch.zeros(6), activation=STEPS[activation], after=STEPS[after])


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Sets torch's number of threads, for one test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize(("of", "to", "added"), [*itertools.product(BOTH, BOTH, (None, *BOTH))], ids=str)
@pytest.mark.parametrize(("activation", "after"), [("nothing", "nothing"), ("relu", "picture"), ("all", "relu")])
@pytest.mark.parametrize("is_normed", [True, False], ids=["norm", "no norm"])
def test_one_pass_does_what_the_operations_do(
    *, of: torch.dtype, to: torch.dtype, added: torch.dtype | None, activation: str, after: str, is_normed: bool
) -> None:
    torch.manual_seed(1)
    factors = (torch.rand(6) + 0.5, torch.randn(6)) if is_normed else None
    then = Finishing(layer_of(activation, after), factors)
    rows, other = rows_of(of), None if added is None else rows_of(added)
    made, expected = (torch.full((5, 2 + 37 + 2, 6), 7.0).to(to) for _ in range(2))
    finish_compiled(then, rows, other, made, 2)
    finish_by_torch(then, rows.clone(), other, expected, 2)
    assert torch.equal(made[:, :2], expected[:, :2])
    assert torch.equal(made[:, -2:], expected[:, -2:])
    torch.testing.assert_close(made, expected, rtol=1e-6 if to == torch.float32 else 2**-7, atol=1e-6)
    assert to == torch.float32 or (made != expected).float().mean() < 0.01, "ties apart, bfloat16 is rounded alike"


def test_bfloat16_is_rounded_as_torch_rounds_it() -> None:
    """Every float32 of 16 bits and the four beyond it: ties, subnormals, infinities, numbers that are none."""
    bits = torch.arange(-(2**15), 2**15, dtype=torch.int32)[:, None] * 2**16
    floats = (bits + torch.tensor([0, 0x7FFF, 0x8000, 0x8001], dtype=torch.int32)).view(torch.float32)[None]
    made, expected = torch.empty_like(floats, dtype=torch.bfloat16), floats.to(torch.bfloat16)
    finish_compiled(Finishing(layer_of()), floats, None, made, 0)
    assert torch.equal(made.isnan(), expected.isnan())
    same = (made == expected) | expected.isnan()
    assert same.all(), floats[~same]


@pytest.mark.parametrize("dtype", BOTH, ids=str)
@pytest.mark.parametrize("step", ["relu", "leaky", "tanh", "sigmoid", "clip"])
def test_what_is_no_number_stays_none(step: str, dtype: torch.dtype) -> None:
    rows = torch.full((1, 2, 6), torch.nan, dtype=dtype)
    layer = Layer(torch.zeros(6, 6, 1, 1), torch.zeros(6), activation=[Step(step, 0.0, 1.0)])  # type: ignore[arg-type]
    assert Strip(rows, Finishing(layer)).finished(dtype).isnan().all()


@pytest.mark.parametrize("dtype", BOTH, ids=str)
def test_statistics_are_the_same_and_the_copy_is_one(dtype: torch.dtype) -> None:
    torch.manual_seed(2)
    strip = rows_of(dtype, 9, 1001) + 100
    slot = torch.zeros_like(strip)
    ours, theirs = look_compiled(strip, slot), look_by_torch(strip, None)
    assert len(ours.counts) == 2
    assert torch.equal(slot, strip)
    mean = ours.counts @ ours.means / ours.counts.sum()
    squares = ours.squares.sum(0) + ours.counts @ (ours.means - mean).square()
    truth = strip.double().flatten(0, 1)
    torch.testing.assert_close(mean, truth.mean(0), rtol=1e-7, atol=0)
    torch.testing.assert_close(squares, (truth - truth.mean(0)).square().sum(0), rtol=1e-6, atol=0)
    torch.testing.assert_close(theirs.means[0], mean, rtol=1e-6, atol=0)
    torch.testing.assert_close(theirs.squares[0], squares, rtol=1e-5, atol=0)


def test_threads_change_no_bit(threads: Callable[[int], None]) -> None:
    strip, seen = rows_of(torch.bfloat16, 64, 1000), []
    for count in (1, 2, 5):
        threads(count)
        looked = look_compiled(strip, None)
        then = Finishing(layer_of("relu"), (looked.means[0].float(), looked.means[1].float()))
        seen.append((*looked, Strip(strip, then).finished(torch.float32)))
    for other in seen[1:]:
        assert all(map(torch.equal, seen[0], other))


def test_work_is_shared_whole_and_its_errors_come_out(threads: Callable[[int], None]) -> None:
    threads(3)
    of: dict[int, int] = {}
    kernels.share(lambda begin, end: of.update(dict.fromkeys(range(begin, end), threading.get_ident())), 7, 2**20)
    assert sorted(of) == list(range(7))
    assert of[0] == threading.get_ident() != of[6]
    with pytest.raises(ZeroDivisionError):
        kernels.share(lambda begin, _: 1 // (6 - begin) if begin < 4 else 1 // 0, 7, 2**20)


def test_an_error_in_a_thread_keeps_nothing_alive(threads: Callable[[int], None]) -> None:
    """Or all that ``fast`` held would still be there when ``lean`` takes over."""
    held = torch.empty(9)
    seen = weakref.ref(held)
    threads(2)
    gc.disable()

    def failing(held: torch.Tensor) -> None:
        kernels.share(lambda begin, _: None if begin == 0 else 1 // len(held[:0]), 2, 2**20)

    try:
        with pytest.raises(ZeroDivisionError):
            failing(held)
        del held
        assert seen() is None
    finally:
        gc.enable()


def test_all_that_networks_need_is_compiled_beforehand(coffee: Photo) -> None:
    for dtype in DTYPES.values():
        kernels.ready(dtype)
    for network, precision in itertools.product((Johnson(), Generator(blocks=1, channels=8), Dong()), DTYPES):
        enhance(network, coffee[:21, :30], torch.device("cpu"), precision=precision)
    compiled: list[Any] = [kernels.finish_rows, kernels.look_at]
    assert [len(function.signatures) for function in compiled] == [8, 2]


def test_what_cannot_be_kept_is_compiled_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    class Full:
        tries = 0

        def compile(self, takes: tuple[object, ...]) -> None:
            self.tries += 1
            if self.tries == 1:
                raise OSError(28, "No space left on device")

    full = Full()
    kernels.make(full, ())
    assert full.tries == 2
    assert "No space left on device" in caplog.text


def test_a_skip_is_added_row_by_row_however_it_lies() -> None:
    whole, queue = rows_of(torch.float32, 9), Queue(Slots())
    for strip in torch.split(whole, [4, 1, 4]):
        queue.keep(strip)
    then = Finishing(layer_of(), None, queue)
    made = [Strip(torch.ones(rows, 37, 6), then).finished(torch.float32) for rows in (2, 6, 1)]
    assert torch.equal(torch.cat(made), whole + 1)
