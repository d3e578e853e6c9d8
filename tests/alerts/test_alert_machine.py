"""The life of an alert, under hypothesis: whatever is found when, and whatever people do."""

import itertools

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.ops.alerts.machine import Alarms, Finding, Timing

TIMINGS = {"quick": Timing(0, 0), "slow": Timing(hold=20, clear=30), "held": Timing(hold=5, clear=0)}
KEYS = [(name, subject) for name in TIMINGS for subject in ("a", "b")]
EPOCH = 1_780_000_000.0


def alarms() -> Alarms:
    numbers = itertools.count(1)
    return Alarms(lambda: str(next(numbers)))


def finding(key: tuple[str, str], *, sure: bool = True, severity: str = "warning") -> Finding:
    return Finding(*key, severity, "something", 1.0, sure)


class Life(RuleBasedStateMachine):
    """Steps of any length; a model of what must be so beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.alarms = alarms()
        self.mono = 100.0
        self.history: list[tuple[str, str, tuple[str, str]]] = []
        self.sure_since: dict[tuple[str, str], float] = {}
        self.gone_since: dict[tuple[str, str], float] = {}
        self.acknowledged: set[str] = set()

    @rule(
        seconds=st.floats(0, 60),
        found=st.dictionaries(
            st.sampled_from(KEYS), st.tuples(st.booleans(), st.sampled_from(["warning", "critical"]))
        ),
    )
    def step(self, seconds: float, found: dict[tuple[str, str], tuple[bool, str]]) -> None:
        self.mono += seconds
        before = {(a.rule, a.subject): a for a in self.alarms.open}
        for key in KEYS:
            if found.get(key, (False, ""))[0]:
                self.sure_since.setdefault(key, self.mono)
            else:
                self.sure_since.pop(key, None)
            if key in found:
                self.gone_since.pop(key, None)
            else:
                self.gone_since.setdefault(key, self.mono)
        made = [finding(key, sure=sure, severity=severity) for key, (sure, severity) in found.items()]
        changes = self.alarms.step(made, TIMINGS, self.mono, EPOCH + self.mono)
        for change in changes:
            alert, key = change.alert, (change.alert.rule, change.alert.subject)
            timing = TIMINGS[alert.rule]
            self.history.append((change.turn, alert.id, key))
            if change.turn == "fired":
                assert key not in before
                assert self.mono - self.sure_since[key] >= timing.hold
                assert alert.fired == EPOCH + self.mono
                assert alert.since == pytest.approx(EPOCH + self.sure_since[key])
            elif change.turn == "resolved":
                assert key in before
                assert self.mono - self.gone_since[key] >= timing.clear
                assert alert.resolved == EPOCH + self.mono
                assert alert.state == "resolved"
                assert (alert.acknowledged is not None) == (alert.id in self.acknowledged)
            else:
                assert change.turn == "worsened"
                assert (before[key].severity, alert.severity) == ("warning", "critical")
                assert (alert.state, alert.acknowledged, alert.acknowledged_by) == ("firing", None, "")
                self.acknowledged.discard(alert.id)
        for key, alert in before.items():
            late = key in self.gone_since and self.mono - self.gone_since[key] >= TIMINGS[key[0]].clear
            assert late != any((a.rule, a.subject) == key for a in self.alarms.open), (
                "resolved when due, only then"
            )
            assert late or alert.id in {a.id for a in self.alarms.open}
        assert not self.alarms.step(made, TIMINGS, self.mono, EPOCH + self.mono), "the same moment again"

    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        if not self.alarms.open:
            with pytest.raises(KeyError):
                self.alarms.acknowledge("1", "me", EPOCH + self.mono)
            return
        alert = data.draw(st.sampled_from(self.alarms.open))
        change = self.alarms.acknowledge(alert.id, "me", EPOCH + self.mono)
        assert (change is None) == (alert.id in self.acknowledged)
        if change is not None:
            assert (change.alert.state, change.alert.acknowledged_by) == ("acknowledged", "me")
        self.acknowledged.add(alert.id)

    @rule()
    def restart(self) -> None:
        opened = self.alarms.open
        numbers = itertools.count(10_000 + len(self.history))
        self.alarms = Alarms(lambda: str(next(numbers)))
        self.alarms.restore(opened)
        assert self.alarms.open == opened
        self.sure_since.clear()
        self.gone_since.clear()

    @invariant()
    def one_open_alert_a_condition(self) -> None:
        keys = [(alert.rule, alert.subject) for alert in self.alarms.open]
        assert len(keys) == len(set(keys))

    @invariant()
    def every_alert_fires_once_and_resolves_at_most_once(self) -> None:
        fired = [name for turn, name, _ in self.history if turn == "fired"]
        resolved = [name for turn, name, _ in self.history if turn == "resolved"]
        assert len(fired) == len(set(fired))
        assert len(resolved) == len(set(resolved))
        assert set(resolved) <= set(fired)
        assert {alert.id for alert in self.alarms.open} == set(fired) - set(resolved)

    @invariant()
    def who_acknowledged_is_not_asked_again(self) -> None:
        for alert in self.alarms.open:
            assert (alert.state == "acknowledged") == (alert.id in self.acknowledged)


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLife = Life.TestCase


def test_a_flapping_condition_is_one_alert() -> None:
    one = alarms()
    turns = []
    for second in range(0, 300, 10):
        found = [finding(("slow", "a"))] if second < 200 and (second < 40 or second % 20 == 0) else []
        turns += [change.turn for change in one.step(found, TIMINGS, second, EPOCH + second)]
    assert turns == ["fired", "resolved"]


def test_between_two_levels_nothing_begins_and_nothing_ends() -> None:
    one, key = alarms(), ("quick", "a")
    unsure = [finding(key, sure=False)]
    assert not one.step(unsure, TIMINGS, 0, EPOCH)
    assert [c.turn for c in one.step([finding(key)], TIMINGS, 1, EPOCH)] == ["fired"]
    assert not one.step(unsure, TIMINGS, 100, EPOCH)
    assert [c.turn for c in one.step([], TIMINGS, 101, EPOCH)] == ["resolved"]


def test_a_rule_that_is_switched_off_ends_its_alerts() -> None:
    one = alarms()
    one.step([finding(("held", "a")), finding(("quick", "a"))], TIMINGS, 0, EPOCH)
    changes = one.step([finding(("quick", "a"))], {"slow": Timing()}, 1, EPOCH)
    assert [(c.turn, c.alert.rule) for c in changes] == [("resolved", "quick")]
    assert one.quiet
