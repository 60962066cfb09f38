import io
import re

import pytest
from rich.console import Console
from searches import SPACE, Walker, pbt_search
from toys import Unlucky, rows, search

from population import AsynchronousSearch, PopulationBasedTraining, RandomSearch, Search
from population.callbacks import ProgressTable
from population.callbacks.progress_table import duration
from population.records.lineage import copies


def console(*, terminal, width=140):
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)


def text_of(screen):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.file.getvalue())


def test_lines_where_nobody_watches_say_score_settings_and_time_left():
    screen = console(terminal=False)
    pbt_search(size=4, callbacks=[ProgressTable(screen, line_seconds=0)]).run(3)
    lines = text_of(screen).splitlines()
    assert lines[0] == "generation 0/3, 4 members"
    assert [line.split(" · ")[0] for line in lines[1:]] == [f"generation {i}/3" for i in (1, 2, 3)]
    assert all(
        re.search(r"fitness -0\.\d+ · member \d \(lr [\d.e-]+, count \d", x) for x in lines[1:]
    )
    assert lines[1].endswith("0 s left")
    assert "left" not in lines[-1]
    assert "1 copied" in lines[2]


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_to_be_borne_in_mind_of_the_scores_is_said(terminal):
    screen = console(terminal=terminal)
    pbt_search(size=4, callbacks=[ProgressTable(screen, note="in weak features")]).run(1)
    assert "fitness in weak features" in text_of(screen)


def test_few_lines_where_generations_are_quick():
    screen = console(terminal=False)
    pbt_search(size=2, callbacks=[ProgressTable(screen)]).run(30)
    lines = text_of(screen).splitlines()
    assert len(lines) == 2
    assert lines[-1].startswith("generation 30/30")


def test_without_a_barrier_the_table_shows_everybodys_latest():
    screen = console(terminal=True)
    strategy = PopulationBasedTraining(SPACE, 4)
    table = ProgressTable(screen)
    history = AsynchronousSearch(Walker, strategy, callbacks=[table]).run(6).history
    last = text_of(screen).rpartition("generation 6/6")[2]
    for _, row in history.drop_duplicates("child", keep="last").iterrows():
        assert re.search(rf"^ +{row['child']} +{row['fitness']:.4g} ", last, re.MULTILINE)
    assert "←" in text_of(screen)


def test_an_interrupted_search_shows_where_it_stopped():
    class Stopper(ProgressTable):
        def on_generation(self, search, generation):
            super().on_generation(search, generation)
            if generation.number == 4:
                search.stop()

    screen = console(terminal=False)
    pbt_search(size=2, callbacks=[Stopper(screen)]).run(30)
    assert text_of(screen).splitlines()[-1].startswith("generation 4/30")


def test_a_terminal_gets_a_table_with_every_member_and_who_copied_whom(monkeypatch):
    monkeypatch.setattr("population.callbacks.progress_table.REFRESH_SECONDS", 0.0)
    screen = console(terminal=True)
    result = pbt_search(size=5, callbacks=[ProgressTable(screen)]).run(4)
    shown = text_of(screen)
    last = shown[shown.rindex("generation 4/4") :]
    history = result.history[result.history["generation"] == 4]
    for child, fitness in zip(history["child"], history["fitness"], strict=True):
        assert re.search(rf"^ *{child} +{fitness:.4g} ", last, re.MULTILINE), (child, last)
    assert re.search(r"member +fitness +lr +count +group\.kind +group\.extra +group\.pair", last)
    copied = history[copies(history)]
    pairs = [f"{c} ← {p}" for c, p in zip(copied["child"], copied["parent"], strict=True)]
    assert last.rstrip().endswith("copied: " + ", ".join(pairs))
    order = [int(i) for i in re.findall(r"^ +(\d) +-0\.", last, re.MULTILINE)]
    assert order == history.sort_values("fitness", ascending=False)["child"].tolist()


def test_a_large_population_shows_its_best():
    screen = console(terminal=True)
    table = ProgressTable(screen, rows=3)
    Search(Walker, RandomSearch(SPACE, 10), callbacks=[table]).run(1)
    shown = text_of(screen).rpartition("generation 1/1")[2]
    assert len(re.findall(r"^ +\d +-0\.", shown, re.MULTILINE)) == 3
    assert "and 7 more" in shown


def test_failures_and_operators_are_shown(tmp_path):
    screen = console(terminal=True)
    search(
        member=lambda h: Unlucky(h, folder=tmp_path, once=False, generation=1),
        callbacks=[ProgressTable(screen)],
    ).run(1)
    assert re.search(r"^ +1 +failed", text_of(screen), re.MULTILINE)
    assert "copied: nobody" in text_of(screen)


def test_a_table_changes_nothing():
    plain = pbt_search().run(6)
    for terminal in (True, False):
        table = ProgressTable(console(terminal=terminal), line_seconds=0)
        assert rows(pbt_search(callbacks=[table]).run(6).history).equals(rows(plain.history))


def test_a_search_that_fails_at_once_leaves_the_terminal_alone():
    class Broken(Walker):
        def step(self, operator=None):
            raise ZeroDivisionError

    screen = console(terminal=True)
    with pytest.raises(ValueError, match="ZeroDivisionError"):
        pbt_search(Broken, callbacks=[ProgressTable(screen)]).run(2)
    assert screen.file.getvalue().endswith("\x1b[?25h"), "the cursor is hidden"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 s"), (59, "59 s"), (200, "3:20 min"), (3899, "1:05 h")]
)
def test_durations_as_a_person_says_them(seconds, said):
    assert duration(seconds) == said


def test_a_table_without_rows_is_refused():
    with pytest.raises(ValueError, match="rows=0"):
        ProgressTable(rows=0)


def test_lines_count_the_failures(tmp_path):
    def member(hyperparameters):
        return Unlucky(hyperparameters, folder=tmp_path, once=False, generation=2)

    screen = console(terminal=False)
    search(member=member, callbacks=[ProgressTable(screen, line_seconds=0)]).run(3)
    first, *others = text_of(screen).splitlines()[1:]
    assert "failed" not in first
    assert all(" · 1 failed" in line for line in others)
