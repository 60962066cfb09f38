"""An alarm on real small collapses, and a run that goes back, the same bits after a break."""

from dataclasses import replace

import pandas as pd
import pytest
import torch
from gans import same_bits, tiny_config
from PIL import Image

from egan.collection import testing
from egan.judging.collapse import Alarm
from egan.run import main
from egan.runs.checks import checked
from egan.runs.listeners import alarm as alarms
from egan.runs.plan import plan
from egan.runs.showcase import Showcase
from egan.training.model import stream
from egan.training.pulse import pulse
from population.records.checkpoint import latest_checkpoint
from population.state import pack, unpack

POINTS = ["gaussians25", "--executor", "inline", "--width", "8", "--discriminator-width", "8"]
GAME = ["gan", "--data.name", "gaussians25", "--width", "32", "--discriminator-width", "32"]

pytestmark = pytest.mark.usefixtures("_few_samples")


def run(output, *words):
    """Return status and folder of a run that looks every two generations or rounds."""
    output.mkdir(exist_ok=True)
    found = list(output.iterdir())
    start = ["--resume", str(found[0])] if found else [*words, "--look-every", "2"]
    status = main([*start, *(words if found else []), "--output", str(output)])
    [folder] = output.iterdir()
    return status, folder


def rows(folder, name="alarms"):
    return pd.read_csv(folder / f"{name}.csv").drop(columns="seconds", errors="ignore")


def test_an_absurd_rate_is_told_in_line_log_and_report(tmp_path, capsys):
    """D learns a thousand times too fast: it explodes, or is sure of all samples."""
    words = ["--discriminator-lr", "1", "--rounds", "4", "--interval", "30"]
    status, folder = run(tmp_path / "runs", *GAME, *words)
    assert status == 0
    said = capsys.readouterr().err
    found = rows(folder)["kind"].dropna().unique().tolist()
    assert found
    assert found[0] in ("divergence", "the discriminator has won")
    assert f"ALARM: {found[0]}" in said
    assert "warning: " in said
    assert f"ALARM: {found[0]}" in (folder / "log.txt").read_text()
    report = (folder / "report.html").read_text()
    assert "<h2>Alarms</h2>" in report
    assert "rate" in report.split("<h2>Alarms</h2>")[1][:600]


def test_a_run_that_is_well_has_no_alarm(tmp_path, capsys):
    status, folder = run(tmp_path / "runs", *GAME, "--rounds", "4", "--interval", "5")
    assert status == 0
    assert rows(folder)["kind"].isna().all()
    assert rows(folder)["finite"].eq(1).all()
    assert "ALARM" not in capsys.readouterr().err
    assert "Alarms" not in (folder / "report.html").read_text()


@pytest.fixture
def quick(monkeypatch):
    """Let looks and the outcome cost nothing: the longer a run, the better it seems."""
    for name, value in {
        "scores": lambda showcase: {"frechet": 100.0 - sum(_updates(showcase.model))},
        "picture": lambda showcase: Image.new("L", (1, 1)),
        "real_picture": lambda showcase: Image.new("L", (1, 1)),
    }.items():
        monkeypatch.setattr(Showcase, name, value)
    monkeypatch.setattr("egan.runs.session.write_outcome", lambda *_, **__: True)


def _updates(model):
    return [game.updates for game in getattr(model, "members", (model,))]


@pytest.fixture
def alarming(quick, monkeypatch):
    """Have looks 4 and 8 alarm, whatever they see."""

    def detect(looks, *, since):
        wrong = looks[-1].number in (4, 8)
        return Alarm(kind="mode collapse", facts="none left") if wrong else None

    monkeypatch.setattr(alarms, "detect", detect)


WAYS = {
    "evolution": [*POINTS, "--evolution.num-survivors", "2", "--checkpoint-every", "3"],
    "niches": [*POINTS, "--evolution.niches", "2"],
    "training": [*GAME, "--interval", "3"],
}


@pytest.mark.parametrize("way", WAYS)
def test_a_run_goes_back_and_does_so_again_after_a_break(way, alarming, tmp_path, capsys):
    words = [*WAYS[way], "--on-collapse", "rollback"]
    length = "--rounds" if way == "training" else "--generations"
    status, whole = run(tmp_path / "whole", *words, length, "10")
    assert status == 0
    said = capsys.readouterr().err
    told = rows(whole).set_index("generation")
    assert told["went_back_to"].dropna().index.tolist() == [4, 8]
    assert told["rate"].dropna().tolist() == [0.5, 0.25]
    assert told["went_back_to"].dropna().tolist() == [2, 6]
    assert "Going back to" in said
    assert "rates times 0.25" in said
    # killed after the first return, with a checkpoint before it: everything is decided again
    run(tmp_path / "broken", *words, length, "5")
    for path in (tmp_path / "broken").glob("*/checkpoints/*"):
        if int(path.name) > 3:
            for file in path.iterdir():
                file.unlink()
            path.rmdir()
    status, broken = run(tmp_path / "broken", length, "10")
    assert status == 0
    for name in ("results", "metrics", "alarms"):
        assert rows(broken, name).equals(rows(whole, name)), name
    ends = [latest_checkpoint(one / "checkpoints") for one in (whole, broken)]
    for one, other in zip(*(end.population for end in ends), strict=True):
        assert same_bits(one.state, other.state)
        assert unpack(one.state)["rate"] == 0.25
    if ends[0].environment is not None:
        assert same_bits(ends[0].environment, ends[1].environment)
        assert unpack(ends[0].environment)["rate"] == 0.25


def test_where_there_is_nothing_to_go_back_to_it_is_told(quick, monkeypatch, tmp_path, capsys):
    alarm = Alarm(kind="divergence", facts="all gone")
    monkeypatch.setattr(alarms, "detect", lambda looks, since: alarm)
    words = [*GAME, "--interval", "2", "--rounds", "4", "--on-collapse", "rollback"]
    status, folder = run(tmp_path / "runs", *words)
    assert status == 0
    assert rows(folder)["went_back_to"].isna().all()
    assert capsys.readouterr().err.count("divergence at round") == 1, "told once"


def test_going_back_does_not_go_on_for_ever(quick, monkeypatch, tmp_path):
    def detect(looks, *, since):
        return Alarm(kind="divergence", facts="gone") if looks[-1].number > 2 else None

    monkeypatch.setattr(alarms, "detect", detect)
    words = [*GAME, "--interval", "2", "--rounds", "16", "--on-collapse", "rollback"]
    _, folder = run(tmp_path / "runs", *words)
    assert rows(folder)["rate"].dropna().tolist() == [0.5, 0.25, 0.125, 0.0625]


def test_a_rate_is_a_part_of_the_state():
    member = testing.built(testing.tiny("gan"))
    before = [group["lr"] for one in member.optimizers.values() for group in one.param_groups]
    plain = pack(member.state_dict())
    member.load_state_dict({**unpack(plain), "rate": 0.5})
    after = [group["lr"] for one in member.optimizers.values() for group in one.param_groups]
    assert after == [0.5 * lr for lr in before]
    assert member.state_dict()["rate"] == 0.5
    member.configure({"generator_lr": 1e-2})
    assert member.optimizers["generator"].param_groups[0]["lr"] == 5e-3
    member.load_state_dict(unpack(plain))
    assert "rate" not in member.state_dict()


def test_a_pulse_is_of_the_game_as_it_is():
    member = testing.built(testing.tiny("gan"))
    felt = pulse(member, stream(0), gives_logits=True)
    assert felt["finite"] == 1
    assert 0 < felt["fake"] < 1
    assert 1 < felt["loss"] < 2
    assert pulse(member, stream(0), gives_logits=True) == felt
    assert pulse(member, stream(0), gives_logits=False) == {"finite": 1.0}
    with torch.no_grad():
        next(member.generator.parameters()).fill_(float("nan"))
    assert pulse(member, stream(0), gives_logits=True)["finite"] == 0


def test_a_search_is_told_that_it_goes_back_anyway():
    config = tiny_config()
    searched = replace(
        config, on_collapse="rollback", search=replace(config.search, strategy="pbt")
    )
    with pytest.raises(ValueError, match="a search replaces members that have collapsed"):
        checked(searched)
    looks = [plan(replace(config, on_collapse=how)).identity for how in ("tell", "rollback")]
    assert looks[0].items() < looks[1].items()
