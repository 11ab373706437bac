"""The axes of a DET plot."""

import numpy as np
import pytest

from countenance.statistics.deviates import normal_deviates


def test_deviates_are_those_of_the_normal_tables() -> None:
    rates = np.array([1e-5, 0.02275, 0.5, 0.84134])
    assert normal_deviates(rates) == pytest.approx([-4.2649, -2.0, 0.0, 1.0], abs=1e-4)
