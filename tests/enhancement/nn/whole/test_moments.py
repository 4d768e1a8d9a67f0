"""Statistics strip by strip."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from enhancement.nn.networks.chain import Norm
from enhancement.nn.networks.layers import InstanceNorm
from enhancement.nn.whole.moments import Moments


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.sampled_from([0.0, 1000.0]))
@settings(deadline=None)
def test_they_are_numpys_over_the_whole(heights: list[int], mean: float) -> None:
    whole = np.random.default_rng(len(heights)).normal(mean, 2, (sum(heights), 7, 3)).astype(np.float32)
    moments = Moments()
    for strip in torch.split(torch.from_numpy(whole), heights):
        moments.add(strip)
    np.testing.assert_allclose(moments.mean, whole.mean((0, 1), dtype=float), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(moments.variance, whole.astype(float).var((0, 1)), rtol=2e-6, atol=1e-12 + 1e-7 * mean)


def test_as_factors_they_are_the_norm() -> None:
    norm, strip = InstanceNorm(4), torch.randn(5, 6, 4) * 3 + 1
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    moments = Moments()
    moments.add(strip)
    scale, shift = moments.as_factors(Norm(norm.weight.detach(), norm.bias.detach()))
    with torch.no_grad():
        expected = norm(strip.permute(2, 0, 1)[None].clone())[0].permute(1, 2, 0)
    torch.testing.assert_close(strip * scale + shift, expected, rtol=1e-5, atol=1e-5)
