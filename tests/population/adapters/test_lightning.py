"""With the real Lightning: a tiny module, five batches an epoch, intervals that end within one."""

import warnings
from functools import partial

import pytest
import torch
from torch import nn

from population import InlineExecutor, LogUniform, PopulationBasedTraining, Search
from population.testing import check_member

with warnings.catch_warnings():  # deprecations of its own
    warnings.simplefilter("ignore")
    lightning = pytest.importorskip("lightning.pytorch", exc_type=ImportError)
from population.adapters.lightning import LightningMember
from population.adapters.loader import ResumableLoader

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:lightning")
ROWS = torch.arange(20.0).reshape(20, 1) / 20
GIVEN = {"lr": 0.1, "momentum": 0.9}


class Line(lightning.LightningModule):
    """Fits y = x, notes what it saw, and halves its rate after every epoch of five batches."""

    def __init__(self, lr, momentum):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 1))
        self.seen = []

    def train_dataloader(self):
        return ResumableLoader(ROWS, batch_size=4)

    def val_dataloader(self):
        return torch.utils.data.DataLoader(ROWS, batch_size=20)

    def loss(self, x):
        return (self.net(x) - x).square().mean()

    def training_step(self, x, index):
        self.seen.append((x * 20).flatten().long().tolist())
        return self.loss(x)

    def validation_step(self, x, index):
        self.log("val_loss", self.loss(x))

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), **self.hparams)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)]


def member(hyperparameters, interval=3, metric="val_loss", module=Line):
    options = {"module": module, "interval": interval, "metric": metric, "mode": "min"}
    return LightningMember(hyperparameters, **options)


def test_it_keeps_the_promises_of_a_member():
    check_member(member, GIVEN, changed={"lr": 0.01, "momentum": 0.5})


def trained(*, interval, steps):
    """Train on, through states handed from one member to the next as in an exploit."""
    torch.manual_seed(0)
    one, seen = member(GIVEN, interval), []
    for _ in range(steps):
        heir = member(GIVEN, interval)
        heir.load_state_dict(one.state_dict())
        heir.configure(GIVEN)
        heir.step()
        one, seen = heir, seen + heir.module.seen
    return one, seen


def test_intervals_within_an_epoch_are_one_training():
    """Optimiser, scheduler and data position go on: in steps of 3 and of 15 batches alike."""
    torch.manual_seed(0)
    whole, _ = trained(interval=15, steps=1)
    parts, pieces = trained(interval=3, steps=5)
    epoch = sorted(row for batch in pieces[:5] for row in batch)
    assert len(pieces) == 15
    assert epoch == list(range(20))
    assert sorted(row for batch in pieces[5:10] for row in batch) == list(range(20))
    assert rates(parts) == rates(whole) == [0.1 * 0.5**3]
    assert parts.checkpoint["global_step"] == 15
    assert momenta(parts)


def rates(one):
    return [group["lr"] for group in one.checkpoint["optimizer_states"][0]["param_groups"]]


def momenta(one):
    return one.checkpoint["optimizer_states"][0]["state"]


def test_a_rate_changes_after_the_state_and_keeps_its_place_on_the_schedule():
    one, _ = trained(interval=6, steps=1)  # in the second epoch: the rate is halved once
    assert rates(one) == [0.05]
    one.configure({"lr": 0.4, "momentum": 0.1})
    one.step()
    group = one.checkpoint["optimizer_states"][0]["param_groups"][0]
    assert group["lr"] == pytest.approx(0.4 * 0.5**2)
    assert group["momentum"] == 0.1


def test_a_search_is_the_same_bits_again():
    space = {"lr": LogUniform(1e-3, 0.3), "momentum": 0.9}
    strategy = partial(PopulationBasedTraining, space, population_size=3, quantile=0.34)
    runs = [Search(member, strategy(), executor=InlineExecutor(), seed=1).run(2) for _ in range(2)]
    first, second = (run.history.drop(columns="seconds") for run in runs)
    assert first.equals(second)
    assert runs[0].lineage["copied"].any()


def test_what_was_not_logged_is_told():
    with pytest.raises(ValueError, match="metric='loss': what was measured is val_loss"):
        member(GIVEN, metric="loss").evaluate()


def test_what_is_no_module_is_told():
    with pytest.raises(TypeError, match="return a LightningModule"):
        member({"in_features": 1, "out_features": 1}, module=nn.Linear)
