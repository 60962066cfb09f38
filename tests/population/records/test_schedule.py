import ast

import pytest
import yaml
from searches import SPACE, Walker, pbt_search
from toys import Drift, Tiny, search

from population import RandomSearch, Search
from population.records.lineage import hyperparameter_names
from population.records.schedule import Phase, Schedule, schedule_of
from population.strategies.follow_schedule import FollowSchedule
from population.testing import StrategyConformance


def lived(result):
    """Return what the best member was trained with in each generation, as it remembers it."""
    return [ast.literal_eval(way) for way in result.best.state["ways"]]


def told(schedule):
    return [
        (schedule.at(i + 1).operator or None, dict(schedule.at(i + 1).hyperparameters))
        for i in range(len(schedule))
    ]


@pytest.mark.parametrize("seed", range(4))
def test_a_schedule_is_what_the_member_lived_through_to_the_type(seed):
    result = pbt_search(seed=seed).run(12)
    assert repr(told(result.schedule())) == repr(lived(result))


def test_equal_generations_are_one_phase():
    result = Search(Walker, RandomSearch(SPACE, 3)).run(7)
    schedule = result.schedule()
    assert len(schedule.phases) == 1
    assert len(schedule) == 7
    frame = schedule.frame()
    assert frame[["from_generation", "to_generation"]].to_numpy().tolist() == [[1, 7]]
    assert frame["lr"].tolist() == [result.best.hyperparameters["lr"]]


def test_phases_of_pbt_end_where_the_line_explores():
    result = pbt_search(seed=1).run(12)
    line = result.ancestry()
    values = line[hyperparameter_names(line)].astype("object").map(repr)
    changes = (values != values.shift()).any(axis=1)
    frame = result.schedule().frame()
    assert frame["from_generation"].tolist() == line["generation"][changes].tolist()
    assert len(frame) > 1


def test_any_member_has_a_schedule():
    result = pbt_search().run(5)
    last = result.population[-1]
    by_member, by_key = result.schedule(last), result.schedule((last.generation, last.index))
    assert by_member == by_key
    assert by_member != result.schedule()
    with pytest.raises(ValueError, match="no child 77"):
        result.schedule((3, 77))


def test_the_schedule_of_the_best_replayed_gives_its_score_where_nothing_is_random():
    """The walker starts and walks without randomness, so that its schedule is all there is."""
    result = pbt_search(seed=2).run(12)
    assert len(result.schedule().phases) > 1
    again = result.schedule().replay(Walker, seed=99)
    assert again.best.scores == result.best.scores
    assert len(again.history) == 12
    assert again.schedule().frame()["lr"].equals(result.schedule().frame()["lr"])


def test_operators_and_environments_are_replayed():
    result = search(mu=1).run(8)
    schedule = result.schedule()
    winners = result.history[result.history["survived"]]["operator"].tolist()
    assert [schedule.at(i).operator for i in range(1, 9)] == winners
    replayed = schedule.replay(Tiny, seed=3, environment=Drift)
    assert replayed.history["operator"].tolist() == winners
    other = schedule.replay(Tiny, seed=4, environment=Drift)
    assert not replayed.history["fitness"].equals(other.history["fitness"])


def test_a_member_that_was_only_scored_again_did_not_train():
    from population import Evolution

    result = search(strategy=Evolution(("up", "down"), mu=1, plus=True)).run(20)
    line = result.ancestry()
    trained = line[line["operator"] != "keep"]
    assert len(trained) < len(line)
    assert len(result.schedule()) == len(trained)
    steps = int(result.best.state["optimizer"]["state"][0]["step"])
    assert steps == len(trained)


def test_yaml_keeps_every_bit(tmp_path):
    run = pbt_search(seed=3)
    schedule = schedule_of(run.run(12).ancestry(), objective="other")
    schedule.to_yaml(tmp_path / "schedule.yaml")
    read = Schedule.from_yaml(tmp_path / "schedule.yaml")
    assert read == schedule
    assert repr(read) == repr(schedule)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "phases: []",
        "phases: [{from_generation: 2, to_generation: 3, hyperparameters: {}}]",
        "phases: [{from_generation: 1, hyperparameters: {}}]",
        "phases: [{from_generation: 1, to_generation: 2}]",
        "{",
    ],
)
def test_a_file_that_is_no_schedule_is_named(tmp_path, text):
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"wrong\.yaml is no schedule"):
        Schedule.from_yaml(path)


def test_a_schedule_written_by_hand(tmp_path):
    phases = [
        {"from_generation": 1, "to_generation": 2, "hyperparameters": {"lr": 0.5}},
        {"from_generation": 3, "to_generation": 3, "hyperparameters": {"lr": 0.25}},
    ]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"phases": phases}))
    schedule = Schedule.from_yaml(tmp_path / "mine.yaml")
    result = schedule.replay(Walker, directory=tmp_path / "run")
    assert result.history["lr"].tolist() == [0.5, 0.5, 0.25]
    assert (tmp_path / "run" / "results.csv").exists()


def test_generations_count_from_one():
    schedule = Schedule((Phase(from_generation=1, to_generation=2),))
    assert schedule.at(9) is schedule.phases[0]
    with pytest.raises(ValueError, match="generation=0"):
        schedule.at(0)


class TestFollowSchedule(StrategyConformance):
    @pytest.fixture
    def make_strategy(self):
        phases = (
            Phase(from_generation=1, to_generation=3, hyperparameters={"lr": 0.1}),
            Phase(from_generation=4, to_generation=9, hyperparameters={"lr": 0.2, "b": 1}),
        )
        return lambda: FollowSchedule(Schedule(phases))
