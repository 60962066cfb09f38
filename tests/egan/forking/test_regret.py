"""What a contest is worth: measured on forks, by formula on tables."""

import numpy as np
import pandas as pd
import pytest

from egan.fork import main
from egan.forking.regret import contests, measure
from egan.forking.worth import worth
from egan.run import main as run_main
from egan.runs.folder import saved_config
from egan.runs.plan import plan
from egan.runs.preparation import prepare

WORDS = [
    *("gaussians8", "--executor", "inline", "--generations", "8", "--look-every", "8"),
    *("--width", "8", "--discriminator-width", "8", "--batch-size", "16"),
    *("--evolution.num-samples", "16"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory, judging_few):
    output = tmp_path_factory.mktemp("runs")
    with judging_few():
        assert run_main([*WORDS, "--output", str(output)]) == 0
    return output / "00000-gaussians8"


def branches(later, fitness=None, won=(1, 0, 0)):
    rows = [
        {
            "generation": g,
            "child": i,
            "operator": "abc"[i],
            "won": bool(won[i]),
            "fitness": (fitness or values)[i],
            "now": -values[i],
            "later": values[i],
        }
        for g, values in enumerate(later, start=1)
        for i in range(3)
    ]
    return pd.DataFrame(rows)


def test_the_value_is_the_winner_above_its_siblings():
    found = worth(branches([(3.0, 1.0, 0.0), (1.0, 0.0, 2.0)]))
    value, low, high = found.value
    assert value == pytest.approx((2.5 + 0.0) / 2)
    assert (low, high) == pytest.approx((0.0, 2.5))
    assert found.ranks["fitness"] == pytest.approx((1.0, 1.0, 1.0))
    assert found.ranks["now"] == pytest.approx((-1.0, -1.0, -1.0))


def test_what_says_nothing_has_no_rank():
    found = worth(branches([(3.0, 1.0, 0.0)] * 3, fitness=(1.0, 1.0, 1.0)))
    assert found.ranks["fitness"] == (0.0, 0.0, 0.0)


def test_the_winners_branch_is_the_run_itself(run, judging_few):
    from rich.console import Console

    from egan.reporting.plots.tables import read_results

    with judging_few():
        planned = plan(saved_config(run))
        prepared = prepare(planned)
        table = measure(run, planned, prepared, count=2, horizon=3, console=Console(quiet=True))
        assert list(table["generation"]) == [1, 1, 1, 5, 5, 5]
        assert list(table.groupby("generation")["won"].sum()) == [1, 1]
        results = read_results(run)
        last = prepared.showcase
        search = planned.search(prepared)
        result = search.run(8)
        last.load(planned.shown([result.best.state], result.environment))
        assert table[table["won"] & (table["generation"] == 5)]["later"].item() == last.scored()
    asked = results[results["generation"].isin([1, 5])]["fitness"]
    assert np.array_equal(table["fitness"], asked)
    assert table["later"].nunique() > 2


def test_contests_are_spread_over_the_run_but_its_end(run):
    from egan.reporting.plots.tables import read_results

    planned = plan(saved_config(run))
    assert contests(read_results(run), planned, count=3, horizon=3) == [1, 3, 5]


@pytest.mark.usefixtures("_few_samples")
def test_the_command_leaves_a_table_a_figure_and_a_report(run, capsys):
    assert main([str(run), "--regret", "2", "--horizon", "2"]) == 0
    said = capsys.readouterr().out
    assert "2 contests, each child followed for 2 generations: the winner's score is" in said
    assert "95% interval" in said
    assert len(pd.read_csv(run / "regret.csv")) == 6
    assert (run / "regret.png").stat().st_size > 10_000
    assert "What a contest is worth" in (run / "report.html").read_text()


@pytest.mark.usefixtures("_few_samples")
def test_rows_that_do_not_come_out_again_are_told_of(run, tmp_path, capsys):
    import shutil

    other = shutil.copytree(run, tmp_path / run.name)
    config = (other / "config.yaml").read_text()
    (other / "config.yaml").write_text(config.replace("seed: 0", "seed: 1"))
    assert main([str(other), "--regret", "2", "--horizon", "2"]) == 2
    assert "does not come out as the run's results.csv has it" in capsys.readouterr().err
