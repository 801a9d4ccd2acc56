"""docs/sensitivity.md: what tests/strips/test_sensitivity.py does not run already."""

import inspect

import numpy as np

from terrain_cli import Strips, find_hessian, find_sensitivity
from tests.docs.pages import check, find_numbers
from tests.strips.test_snell import SPECIAL, check_derivatives, exact_derivatives

PAGE = "sensitivity.md"
POST = SPECIAL["post"]


def test_shares() -> None:
    found = find_sensitivity(POST)
    check(
        PAGE,
        "minus the share of the time that is spent in that strip ({} % in strip 2)",
        -100 * found.speed_elasticities[1],
    )
    assert int(np.argmin(found.speed_elasticities)) == 1  # the largest share, yet not half


def test_a_slower_strip_costs_more_than_a_faster_one_saves() -> None:
    for i in range(3):
        slower, faster = np.array(POST.speeds), np.array(POST.speeds)
        slower[i] *= 0.9
        faster[i] *= 1.1
        times = [find_sensitivity(Strips(POST.widths, speeds, 20)).time for speeds in (slower, POST.speeds, faster)]
        assert times[0] - times[1] > times[1] - times[2]


def test_how_exact_single_entries_are() -> None:
    strips = SPECIAL["one strip, grazing"]
    numbers = np.concatenate([strips.widths, strips.speeds, [float(strips.offset)]])
    found, exact = np.asarray(find_hessian(strips)) * numbers * numbers[:, None], exact_derivatives(strips, numbers)[1]
    check(PAGE, "for one strip {} m wide and an offset of {} m", strips.widths[0], strips.offset)
    errors = np.abs(found / exact - 1)
    worst = np.unravel_index(np.argmax(errors), errors.shape)
    check(PAGE, "an entry that is {} times the largest is off by", abs(exact[worst]) / np.abs(exact).max(), rel=0.1)
    assert 1e-4 < errors[worst] < 2e-2  # about half a per cent; rounding differs between processors
    assert np.max(np.abs(found - exact)) < 1e-13 * np.abs(exact).max()


def test_the_bound_is_that_of_the_tests() -> None:
    [bound] = find_numbers(PAGE, "agree with 50-digit arithmetic to within {} of the largest among them")
    assert inspect.getsource(check_derivatives).count(f" <= {bound} * np.max(") == 2
