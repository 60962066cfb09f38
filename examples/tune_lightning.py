"""Tune a LightningModule while it trains: python examples/tune_lightning.py [--quick]."""
# ruff: noqa: ARG002, D101, D102 - an example is read from top to bottom

import sys
from functools import partial

import lightning.pytorch as pl
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from population import LogUniform, PopulationBasedTraining, Search, Uniform
from population.adapters.lightning import LightningMember
from population.adapters.loader import ResumableLoader

x, y = (torch.tensor(array) for array in load_digits(return_X_y=True))
everything = TensorDataset(x.float() / 16, y)
train, validation = random_split(everything, [1400, 397], torch.Generator().manual_seed(0))


class Classifier(pl.LightningModule):
    def __init__(self, lr, momentum):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))

    def train_dataloader(self):
        return ResumableLoader(train, batch_size=64)  # knows its place within an epoch

    def val_dataloader(self):
        return DataLoader(validation, batch_size=400)

    def training_step(self, batch, index):
        return nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def validation_step(self, batch, index):
        self.log("accuracy", (self.net(batch[0]).argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), **self.hparams)
        return [optimizer], [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)]


quick = "--quick" in sys.argv
member = partial(LightningMember, module=Classifier, interval=30, metric="accuracy")
space = {"lr": LogUniform(1e-3, 1), "momentum": Uniform(0, 0.95)}
strategy = PopulationBasedTraining(space, population_size=3 if quick else 8)
result = Search(member, strategy, seed=0).run(2 if quick else 20)
print(f"accuracy {result.best.scores['fitness']:.1%} with\n{result.schedule().frame()}")
