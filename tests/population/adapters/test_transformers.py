"""With the real transformers: a tiny BERT, and intervals that end within an epoch."""

from functools import partial

import pytest
import torch

from population import LogUniform, PopulationBasedTraining, Search
from population.adapters.transformers import TransformersMember
from population.testing import check_member

transformers = pytest.importorskip("transformers", exc_type=ImportError)

GIVEN = {"learning_rate": 0.01, "weight_decay": 0.0}
SEEN = []


class Rows(torch.utils.data.Dataset):
    """Twenty sentences of four words; the class is whether the first word is a late one."""

    def __len__(self):
        return 20

    def __getitem__(self, row):
        words = torch.tensor([row % 8 + 1, row // 8 + 1, 3, 4])
        return {"input_ids": words, "attention_mask": torch.ones(4), "labels": int(row % 8 > 3)}


class Noting(transformers.Trainer):
    """Notes which rows it trains on."""

    def training_step(self, model, inputs, *rest):
        words = inputs["input_ids"]
        SEEN.extend((words[:, 0] - 1 + 8 * (words[:, 1] - 1)).tolist())
        return super().training_step(model, inputs, *rest)


def trainer(hyperparameters, **changed):
    config = transformers.BertConfig(
        vocab_size=16,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=8,
    )
    options = {
        "output_dir": "never_written",
        "max_steps": 60,
        "per_device_train_batch_size": 4,
        "data_seed": 0,
        "report_to": "none",
        "use_cpu": True,
        "disable_tqdm": True,
        **hyperparameters,
        **changed,
    }
    return Noting(
        model=transformers.BertForSequenceClassification(config),
        args=transformers.TrainingArguments(**options),
        train_dataset=Rows(),
        eval_dataset=Rows(),
    )


def member(hyperparameters, interval=3, metric="eval_loss", make=trainer):
    return TransformersMember(hyperparameters, trainer=make, interval=interval, metric=metric)


@pytest.fixture(autouse=True)
def _nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_it_keeps_the_promises_of_a_member():
    changed = {"learning_rate": 0.001, "weight_decay": 0.1}
    check_member(member, GIVEN, changed=changed)


def trained(*, interval, steps):
    """Train on, through states handed from one member to the next as in an exploit."""
    torch.manual_seed(0)
    one, seen = member(GIVEN, interval), []
    for _ in range(steps):
        heir = member(GIVEN, interval)
        heir.load_state_dict(one.state_dict())
        heir.configure(GIVEN)
        SEEN.clear()
        heir.step()
        one, seen = heir, [*seen, *SEEN]
    return one, seen


def rates(one):
    return {group["lr"] for group in one.progress["optimizer"]["param_groups"]}


def test_intervals_within_an_epoch_are_one_training():
    """Optimiser, scheduler and data position go on: in steps of 3 and of 15 batches alike."""
    whole, seen = trained(interval=15, steps=1)
    parts, pieces = trained(interval=3, steps=5)
    assert pieces == seen
    assert sorted(pieces[:20]) == sorted(pieces[20:40]) == list(range(20))
    assert pieces[:20] != pieces[20:40]
    assert rates(parts) == rates(whole) == {0.01 * (1 - 15 / 60)}
    assert parts.trainer.state.global_step == 15


def test_a_rate_changes_after_the_state_and_keeps_its_place_on_the_schedule():
    one, _ = trained(interval=6, steps=1)
    one.configure({"learning_rate": 0.1, "weight_decay": 0.5})
    one.step()
    groups = one.progress["optimizer"]["param_groups"]
    assert [group["lr"] for group in groups] == pytest.approx([0.1 * (1 - 12 / 60)] * 2)
    assert [group["weight_decay"] for group in groups] == [0.5, 0.0]  # biases and norms have none


def test_a_search_is_the_same_bits_again():
    space = {"learning_rate": LogUniform(1e-4, 0.1), "weight_decay": 0.0}
    strategy = partial(PopulationBasedTraining, space, population_size=3, quantile=0.34)
    runs = [Search(member, strategy(), seed=0).run(2) for _ in range(2)]
    first, second = (run.history.drop(columns="seconds") for run in runs)
    assert first.equals(second)
    assert runs[0].lineage["copied"].any()


def test_a_trainer_that_could_not_go_on_is_refused():
    with pytest.raises(ValueError, match=r"data_seed=None\) draws another order"):
        member({**GIVEN, "data_seed": None})
    with pytest.raises(ValueError, match="model_init"):
        member(GIVEN, make=with_model_init)


def with_model_init(hyperparameters):
    made = trainer(hyperparameters)
    made.model_init = lambda: made.model
    return made


def test_what_was_not_measured_is_told():
    with pytest.raises(ValueError, match="metric='eval_accuracy': what was measured .*loss"):
        member(GIVEN, metric="eval_accuracy").evaluate()
