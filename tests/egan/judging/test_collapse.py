"""What a collapse looks like, and what only resembles one."""

import math

import pytest

from egan.judging.collapse import ADVICE, Look, detect, merit


def looks(*seen, **pulses):
    """Return looks with scores, or with the same pulse."""
    return [Look(number=10 * i, scores=one, pulse=pulses) for i, one in enumerate(seen)]


def recalls(*values):
    return looks(*({"recall": value, "coverage": 0.5} for value in values))


WON = {"real": 0.999, "fake": 0.0001, "loss": 0.001, "finite": 1.0}


@pytest.mark.parametrize(
    ("pulse", "facts"),
    [
        ({"finite": 0.0}, "weights or outputs are not finite"),
        ({"finite": 1.0, "loss": 57.2}, "the discriminator's loss is 57.2"),
    ],
)
def test_divergence_is_told_at_once(pulse, facts):
    alarm = detect(looks({"recall": 0.4}, **pulse))
    assert alarm.kind == "divergence"
    assert alarm.facts == facts
    assert alarm.advice == ADVICE["divergence"]
    assert detect(looks({"recall": 0.4}, finite=1.0, loss=1.4)) is None


def test_variety_that_is_lost_for_two_looks_is_a_mode_collapse():
    assert detect(recalls(0.1, 0.6, 0.19)) is None, "it may be one unlucky look"
    alarm = detect(recalls(0.1, 0.6, 0.19, 0.02))
    assert alarm.kind == "mode collapse"
    assert alarm.facts == "recall 0.02, where it has been 0.60"
    assert detect(recalls(0.1, 0.6, 0.19, 0.21)) is None
    assert detect(recalls(0.1, 0.14, 0.0, 0.0)) is None, "there was little to lose"
    assert detect(recalls(0.6, math.nan, math.nan)) is None
    modes = looks({"modes": 24.0}, {"modes": 3.0}, {"modes": 1.0})
    assert detect(modes).facts == "1 modes, where it has been 24"


def test_a_discriminator_that_is_sure_of_all_has_won():
    assert detect(looks({}, **WON)) is None, "at the start every one wins for a moment"
    alarm = detect(looks({}, {}, **WON))
    assert alarm.kind == "the discriminator has won"
    assert alarm.facts == "D(x) is 0.9990 of real samples and 0.0001 of generated ones"
    assert detect(looks({}, {}, **{**WON, "fake": 0.02})) is None
    assert detect(looks({}, {}, **{**WON, "real": 0.9})) is None


def test_after_going_back_only_later_looks_are_the_present():
    seen = recalls(0.6, 0.1, 0.0, 0.1)
    assert detect(seen[:3]).kind == "mode collapse"
    assert detect(seen, since=20) is None
    assert detect([*seen, Look(number=40, scores={"recall": 0.0})], since=20) is not None


def test_nothing_is_wrong_with_nothing():
    assert detect([]) is None
    assert detect(looks({}, {}, {})) is None
    assert detect(recalls(0.3, 0.4, 0.5, 0.4)) is None


def test_the_merit_of_a_look_is_what_leads_its_report():
    assert merit({"fitness": 0.4, "frechet": 3.0}) == 0.4
    assert merit({"frechet": 3.0, "recall": 0.2}) == -3.0
    assert merit({"modes": 20.0, "jsd": 0.1}) == 20.0
    assert merit({"frechet": math.nan}) == merit({}) == -math.inf
