"""Load by a clock that is turned by hand: times are known, and nothing depends on the machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from audits.measures.plan_values import PlanRejected
from audits.measures.stress.load.driving import Sent, arrivals, drive
from audits.measures.stress.load.percentiles import percentile, samples_wanted
from audits.measures.stress.load.plan import LoadPlan, load_plan_from
from audits.measures.stress.load.summary import load_document, rate_row


class Clock:
    """A server that takes as long as it is told for each question, on a clock of its own."""

    def __init__(self, service: Callable[[int], float], *, fails: Callable[[int], bool] = lambda number: False) -> None:
        self.time, self.service, self.fails = 1000.0, service, fails

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def ask(self, number: int) -> bool:
        self.time += self.service(number)
        return not self.fails(number)

    def drive(self, intended: Any, seconds: float = 1e9) -> Sent:
        return drive(np.asarray(intended, dtype=float), self.ask, now=self.now, sleep=self.sleep, seconds=seconds)


def test_a_stall_is_felt_by_everybody_who_was_to_be_served_in_it():
    """Every 10 ms a question that takes 1 ms; one takes a second. A closed loop would see one slow answer of 300."""
    stalled = Clock(lambda number: 1.0 if number == 100 else 0.001)

    sent = stalled.drive(np.arange(300) * 0.01)

    slow = sent.latency > 0.005
    assert slow.sum() == 111  # the stall makes up 9 ms for each question after it
    assert sent.latency[100] == pytest.approx(1.0)
    assert sent.latency[101] == pytest.approx(1.0 - 0.01 + 0.001)
    assert (sent.service > 0.005).sum() == 1
    assert sent.unsent == 0


def test_waiting_follows_lindleys_recursion():
    random = np.random.default_rng(2)
    service = random.exponential(0.008, 2_000)
    intended = arrivals(100, 20, seed=0)[:2_000]

    sent = Clock(lambda number: float(service[number])).drive(intended)

    wait, expected = 0.0, []
    for number in range(len(intended)):
        expected.append(wait + service[number])
        if number + 1 < len(intended):
            wait = max(0.0, wait + service[number] - (intended[number + 1] - intended[number]))
    np.testing.assert_allclose(sent.latency, expected, atol=1e-9)
    # an M/M/1 queue: 1 / (1/0.008 - 100) = 40 ms on the average, of one short run
    assert 0.02 < sent.latency.mean() < 0.08


def test_questions_come_as_a_poisson_process_and_a_seed_brings_the_same():
    times = arrivals(200, 50, seed=4)

    np.testing.assert_array_equal(times, arrivals(200, 50, seed=4))
    assert not np.array_equal(times[:50], arrivals(200, 50, seed=5)[:50])
    assert 0 <= times[0] <= times[-1] < 50
    assert len(times) == pytest.approx(10_000, abs=4 * 100)
    assert stats.kstest(np.diff(times), "expon", args=(0, 1 / 200)).pvalue > 0.001
    assert len(arrivals(0.01, 0.1, seed=0)) == 1


def test_who_cannot_be_sent_in_time_is_counted_and_not_forgotten():
    plan = LoadPlan(rates=(100.0,), slo_ms=1e6)

    sent = Clock(lambda number: 0.1).drive(np.arange(500) * 0.01, seconds=5.0)
    row = rate_row(100, sent, plan)

    assert (row["sent"], row["unsent"], row["offered"]) == (50, 450, 500)
    assert not row["kept_up"]
    assert row["verdict"] == "fail"  # however long an answer may take
    assert row["throughput"] == pytest.approx(10, rel=0.03)


@pytest.mark.parametrize(("n", "percent"), [(20, 50), (100, 90), (1000, 99), (73, 95)])
def test_percentiles_lie_between_the_order_statistics_that_the_binomial_gives(n: int, percent: float):
    times = np.arange(1.0, n + 1)  # a time is its own rank
    p = percent / 100

    found = percentile(times[::-1], percent)

    assert found.value == np.quantile(times, p, method="inverted_cdf")
    low = max((rank for rank in range(1, n + 1) if stats.binom.cdf(rank - 1, n, p) <= 0.025), default=None)
    high = min((rank for rank in range(1, n + 1) if stats.binom.sf(rank - 1, n, p) <= 0.025), default=None)
    assert (found.low, found.high) == (low, high)
    if low and high:
        assert found.coverage == pytest.approx(stats.binom.cdf(high - 1, n, p) - stats.binom.cdf(low - 1, n, p))
        assert found.coverage >= 0.95


def test_a_published_interval_and_one_with_too_few_times():
    # the 95 % interval of a median of 20 is from the 6th to the 15th, with 95.86 % (Conover 1999, table A3)
    median = percentile(np.arange(1.0, 21), 50)
    assert (median.low, median.high) == (6, 15)
    assert median.coverage == pytest.approx(0.9586, abs=1e-4)
    few = percentile(np.arange(1.0, 101), 99.9)
    assert few.high is None
    assert few.low is not None
    assert few.coverage is None
    for times, percent in ((np.array([]), 50), (np.ones(3), 100), (np.ones(3), 0)):
        with pytest.raises(ValueError, match="needs times"):
            percentile(times, percent)


def test_percentile_intervals_cover_what_they_claim():
    random = np.random.default_rng(0)
    truth = stats.lognorm.ppf(0.9, 1)
    found = [percentile(random.lognormal(size=120), 90) for _ in range(400)]

    covered = np.mean([one.low <= truth and (one.high is None or truth <= one.high) for one in found])

    assert covered >= 0.93  # 0.95 at least, less twice what 400 draws scatter


def test_mlperf_asks_for_as_many_samples_as_published():
    assert [samples_wanted(percent) for percent in (90, 95, 97, 99)] == [23_886, 50_426, 85_812, 262_742]


@pytest.mark.parametrize(
    ("slo_ms", "fails", "count", "verdict"),
    [
        (6.0, (), 500, "pass"),
        (4.0, (), 500, "fail"),
        (6.0, (3,), 500, "warn"),
        (6.0, (), 20, "warn"),  # no upper end of the 95th percentile with 20 times
        (6.0, range(500), 500, "fail"),
    ],
)
def test_a_limit_is_kept_where_the_whole_interval_is_below_it(slo_ms: float, fails: Any, count: int, verdict: str):
    plan = LoadPlan(rates=(10.0,), slo_ms=slo_ms)
    sent = Clock(lambda number: 0.005, fails=lambda number: number in fails).drive(np.arange(count) * 0.1)

    row = rate_row(10, sent, plan)

    assert row["verdict"] == verdict
    assert row["failed"]["k"] == len(fails)
    if not fails:
        judged = next(one for one in row["latency_ms"] if one["percent"] == 95)
        assert judged["value"] == pytest.approx(5)
        assert judged["indicative"]
        assert row["goodput"] == pytest.approx((slo_ms > 5) * row["throughput"])


def test_the_knee_is_the_highest_rate_that_is_kept_up_with():
    plan = LoadPlan(rates=(50.0, 90.0, 200.0), slo_ms=500.0)
    rows = [
        rate_row(rate, Clock(lambda number: 0.01).drive(arrivals(rate, 10, seed=0), seconds=12.5), plan)
        for rate in plan.rates
    ]

    document = load_document(rows, plan, cold_starts=[0.4, 0.2, 0.3], capacity=100, peak_memory_bytes=1 << 20)

    assert [row["kept_up"] for row in rows] == [True, True, False]
    assert (document["knee"], document["verdict"]) == (90, "fail")
    assert document["cold_start_s"] == {"n": 3, "lowest": 0.2, "median": 0.3, "highest": 0.4}
    unjudged = LoadPlan()
    row = rate_row(50, Clock(lambda number: 0.01).drive(np.arange(9) / 50), unjudged)
    assert load_document([row], unjudged, cold_starts=[1], capacity=1, peak_memory_bytes=0)["verdict"] is None


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"rates": [0]}, "rates_out_of_range"),
        ({"rates": [1] * 9}, "rates_out_of_range"),
        ({"rates": [float("nan")]}, "plan_value_wrong"),
        ({"rates": 5}, "plan_value_wrong"),
        ({"seconds": 20}, "seconds_out_of_range"),
        ({"slo_ms": 5}, "slo_without_rates"),
        ({"rates": [5], "slo_ms": -5}, "slo_without_rates"),
        ({"percentile": 100}, "percentile_out_of_range"),
        ({"rows": 0}, "load_out_of_range"),
        ({"cold_starts": 11}, "load_out_of_range"),
        ({"rate": [5]}, "plan_key_unknown"),
    ],
)
def test_a_load_that_cannot_be_is_refused(document: dict[str, Any], code: str):
    with pytest.raises(PlanRejected) as refused:
        load_plan_from(document)

    assert refused.value.code == code


def test_a_load_plan_is_read_back_as_it_was_written():
    plan = LoadPlan(rates=(5.0, 10.0), slo_ms=20.0)
    assert load_plan_from(plan.as_document()) == plan
