"""The numbers of chapter 13 on the built page are those the text speaks of.

Seconds are those of the machine that built the book: they are held to be there, not to be small.
"""

import pytest

NAME = "13_scaling_out"


@pytest.fixture
def page(numbers):
    return numbers(NAME)


def test_nothing_is_missing(page):
    assert page["missing"] == {}, "`make` installs Dask for every build"


def test_the_sweep_shows_the_threshold(page):
    spread = page["spread"]
    assert set(spread) == {"4", "8", "16"}
    assert spread["4"]["highest"] < 0.5 < spread["16"]["lowest"]
    assert spread["4"]["mean"] < spread["8"]["mean"]


def test_a_failure_harms_no_other_and_nothing_runs_twice(page):
    assert page["failure"]["others unharmed"] is True
    assert page["failure"]["run twice"] == 0
    assert "train holds no perturbed cell" in page["failure"]["said"]


def test_blocks_and_disk_change_no_number(page):
    assert all(page["equal"].values())
    gaps = page["gaps"]
    assert gaps["float64"] < 1e-6 and gaps["float32"] < 1e-4 and gaps["mean shift"] < 1e-5
    assert gaps["fit"] < 1e-4 * gaps["shifts reach"]


def test_every_curve_grows_at_a_sane_rate(page):
    assert len(page["curves"]) == len(page["growth"]) == 5
    for name, seconds in page["curves"].items():
        values = [seconds[size] for size in sorted(seconds, key=int)]
        assert len(values) >= 4 and min(values) > 0, name
        assert values[-1] > values[0], name
        assert 0.2 < page["growth"][name]["last two"] < 3, name
    by_cells = page["growth"]["distance, cells"]
    assert by_cells["last two"] > 1.2, "a distance between all pairs"


def test_the_bill_adds_up_and_groups_are_cheaper_than_all_pairs(page):
    rows = page["bill"]
    for row in rows.values():
        assert 0 < row["at least"] <= row["core hours"] <= row["at most"]
        assert row["euros"] == pytest.approx(0.05 * row["core hours"])
    groups, pairs = (rows[f"energy distance, {how}"] for how in ("group by group", "all pairs"))
    assert groups["core hours"] < pairs["core hours"] / 2
    assert page["beyond"]["distance, cells (a group)"] < 1, "the text says: within the data"
    assert page["beyond"]["distance, cells (all)"] > 100


def test_what_is_said_of_a_gpu_was_measured(page):
    assert page["gpu"] == {} or min(page["gpu"]["cpu"], page["gpu"]["cuda"]) > 0
