"""Photos through a network: whole photos of any size in strips of rows, small ones of one size in one pass.

Channels-last throughout: measured on two CPU cores that is the faster layout for every layer here (the last 9×9
convolution eight times), and it needs no reordered copies.
"""

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from enhancement.nn.memory import ran_out
from enhancement.nn.networks.architectures import Network
from enhancement.nn.networks.chain import Chain
from enhancement.nn.transfers import Download, mark, refuse_not_finite, upload
from enhancement.nn.whole.agreement import agreed_dtype
from enhancement.nn.whole.modes import pick_mode
from enhancement.nn.whole.passes import Mode, output_strips
from enhancement.nn.whole.precision import full_float32, name_of_dtype
from enhancement.pictures import Photo
from enhancement.subject import Enhanced

Floats = npt.NDArray[np.float32]

log = logging.getLogger(__name__)


class DeviceError(ValueError):
    """A device was asked for that isn't here."""


def pick_device(name: str = "auto") -> torch.device:
    """The device of that name; ``auto`` is the GPU where there is one.

    Raises:
        DeviceError: Another name than ``auto``, ``cpu``, ``cuda``; or there is no CUDA GPU.

    Example:
        >>> pick_device("cpu")
        device(type='cpu')
    """
    if name not in ("auto", "cpu", "cuda"):
        raise DeviceError(f'The device must be "auto", "cpu" or "cuda", not {name!r}.')
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError('No CUDA GPU can be used here; ask for the device "cpu" or "auto".')
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def name_of(device: torch.device) -> str:
    """What provenance calls a device: ``cpu``, or the GPU's name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def enhance(
    network: Network,
    photo: Photo,
    device: torch.device | None = None,
    *,
    precision: str = "auto",
    mode: str = "auto",
) -> Enhanced:
    """Enhance one photo, whole: the norm's statistics are those of the whole picture, whatever its size.

    ``fast`` and ``lean`` give the same picture. For the DPED generator of 64 channels in float32 ``fast`` needs 0.5 GB
    of memory a megapixel; ``lean`` needs the photo and about 0.2 GB at any size, and four times the time. Where memory
    runs out in ``fast``, however it came to be chosen, ``lean`` takes over, and the log and the result say so.

    Args:
        network: Its weights may lie on any device; it isn't changed.
        photo: Shape (H, W, 3), uint8, RGB; any size from 1 × 1.
        device: As ``pick_device`` gives it, which is asked where none is given.
        precision: ``"float32"``, ``"bfloat16"``, or ``"auto"``: bfloat16 where the device multiplies in it and the
            network gives float32's picture with it.
        mode: ``"fast"``, ``"lean"``, or ``"auto"``: ``fast`` where there is memory for it.

    Returns:
        The picture, clipped to [0, 1] and rounded to 8 bits; what it was computed on and in, and which way.

    Raises:
        ValueError: The photo has another shape or type; there is no such precision or mode.
        NotFiniteError: The network gives values that are no finite numbers. From a GPU it comes with the picture.

    Example:
        >>> from enhancement.nn.networks.dong import Dong
        >>> enhanced = enhance(Dong(), np.zeros((2, 3, 3), np.uint8), pick_device("cpu"), precision="float32")
        >>> enhanced.photo.shape, enhanced.device, enhanced.dtype, enhanced.mode
        ((2, 3, 3), 'cpu', 'float32', 'fast')
    """
    return enhance_by(network.chain(), photo, device, precision=precision, mode=mode)


def enhance_by(
    chain: Chain, photo: Photo, device: torch.device | None = None, *, precision: str = "auto", mode: str = "auto"
) -> Enhanced:
    """``enhance`` by a network's layers. On a GPU the picture is underway when this returns."""
    device = device or pick_device()
    check(photo, dimensions=3)
    chain = chain.on(device)
    dtype = agreed_dtype(chain, device, precision)
    picture = to_whole(photo, chain.step_px, device)
    begun = None if device.type == "cpu" else mark(torch.cuda.current_stream(device))
    chosen = pick_mode(chain, picture, dtype, mode)
    made = None
    if chosen == "fast":
        try:
            made = run_whole(chain, picture, dtype, chosen)
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            height_px, width_px = photo.shape[:2]
            log.warning("%d×%d px: memory ran out in the mode fast, so lean goes on (%s)", width_px, height_px, error)
    if made is None:  # what the error held of memory is free only here
        chosen = "lean"
        made = run_whole(chain, picture, dtype, chosen)
    output, total = made[0][: photo.shape[0], : photo.shape[1]].contiguous(), made[1]
    if not begun:
        refuse_not_finite(total)
    underway = Download(output, total, begun) if begun else output.numpy()
    return Enhanced(underway, name_of(device), name_of_dtype(dtype), chosen)


def to_whole(photo: Photo, step_px: int, device: torch.device) -> Tensor:
    """A photo on the device, its sides continued to multiples of a step as ``Johnson`` does it: (H', W', 3), uint8."""
    pads = [(0, -side % step_px) for side in photo.shape[:2]]
    for axis, pad in enumerate(pads):
        if pad[1]:
            around = [pad if axis == of else (0, 0) for of in range(3)]
            photo = np.pad(photo, around, mode="reflect" if pad[1] < photo.shape[axis] else "edge")
    return upload(torch.from_numpy(np.require(photo, requirements=["C", "W"])), device)


def run_whole(chain: Chain, picture: Tensor, dtype: torch.dtype, mode: Mode) -> tuple[Tensor, Tensor]:
    """All of the output, clipped and rounded to 8 bits: (H, W, 3), uint8, on the device of the picture; and its sum."""
    made, done = torch.empty_like(picture), 0
    total = torch.zeros((), device=picture.device)
    with torch.inference_mode(), full_float32():
        for strip in output_strips(chain, picture, dtype, mode):
            total += strip.sum()
            made[done : done + len(strip)] = strip.clamp_(0, 1).mul_(255).round_()
            done += len(strip)
    return made, total


def chain_floats(chain: Chain, photo: Photo, strip_px: int | None = None) -> Floats:
    """A chain's own output in float32, on the CPU: (H, W, 3), not clipped, for (H, W, 3), uint8."""
    picture = to_whole(photo, chain.step_px, torch.device("cpu"))
    with torch.inference_mode():
        strips = [*output_strips(chain, picture, torch.float32, "fast", strip_px)]
    return torch.cat(strips)[: photo.shape[0], : photo.shape[1]].numpy()


def enhance_floats(network: Network, photos: Photo, device: torch.device | None = None) -> Floats:
    """Enhance photos of one size in one pass and keep the network's own output.

    Instance norm is per photo, so what shares a pass with a photo doesn't change its output.

    Args:
        network: Is moved to the device and into inference mode.
        photos: Shape (N, H, W, 3), uint8, RGB.
        device: As ``pick_device`` gives it, which is asked where none is given.

    Returns:
        Shape (N, H, W, 3), float32, RGB on the scale 0 to 1, not clipped: it overshoots to (-0.08, 1.08).

    Raises:
        ValueError: The photos have another shape or type.
    """
    device = device or pick_device()
    check(photos, dimensions=4)
    network.eval().to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.inference_mode(), full_float32():
        output: Tensor = network(to_tensor(photos, device))
    return np.ascontiguousarray(output.permute(0, 2, 3, 1).cpu().numpy())


def check(photos: npt.NDArray[Any], *, dimensions: int) -> None:
    """Refuse what isn't 8-bit RGB.

    Raises:
        ValueError: Another shape or type.
    """
    if photos.dtype != np.uint8 or photos.ndim != dimensions or photos.shape[-1] != 3 or photos.size == 0:
        wanted = ("N, " if dimensions == 4 else "") + "H, W, 3"
        raise ValueError(f"A network takes uint8 of shape ({wanted}), not {photos.dtype} of shape {photos.shape}.")


def to_tensor(photos: Photo, device: torch.device) -> Tensor:
    """(N, H, W, 3) uint8 → (N, 3, H, W) float32 in [0, 1], channels-last in memory."""
    return torch.from_numpy(np.ascontiguousarray(photos)).to(device).permute(0, 3, 1, 2).float().div_(255)


def to_photo(output: Floats) -> Photo:
    """Clip to [0, 1] and round to 8 bits; never stretched.

    Args:
        output: Any shape, float on the scale 0 to 1.

    Returns:
        Same shape, uint8.

    Example:
        >>> to_photo(np.array([-0.08, 0.0, 0.5, 1.08], np.float32)).tolist()
        [0, 0, 128, 255]
    """
    return np.asarray(np.rint(np.clip(output, 0, 1) * np.float32(255)), dtype=np.uint8)
