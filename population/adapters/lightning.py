"""A LightningModule as a member, of the package `lightning` or of `pytorch_lightning`."""

import importlib
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from population.adapters.metric import Mode, score
from population.adapters.options import Options
from population.member import Hyperparameters, Member
from population.state import State

OURS = ("hparams_name", "hparams_type", "hyper_parameters")
"""Endings of what a checkpoint need not hold, since the search knows it."""


class LightningMember(Member):
    """Fits a LightningModule for so many optimiser steps at a time.

    Each step is a `Trainer.fit` from the checkpoint of the one before, in memory: weights,
    optimisers, schedulers, loops, callbacks, and the position of a loader that has a state, such
    as `population.adapters.loader.ResumableLoader`. Hyperparameters go to ``module.hparams``,
    where `configure_optimizers` and `training_step` read them.

    Args:
        hyperparameters: What ``module`` is called with, by keyword.
        module: Builds the LightningModule, which brings its loaders unless ``data`` does.
        interval: Optimiser steps of a step.
        metric: What `validation_step` logs, and members are ranked by.
        mode: Whether more of it is better, or less.
        data: Builds a LightningDataModule.
        trainer: Further options of Lightning's `Trainer`.
    """

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        *,
        module: Callable[..., Any],
        interval: int,
        metric: str,
        mode: Mode = "max",
        data: Callable[[], Any] | None = None,
        **trainer: Any,
    ) -> None:
        self.module = module(**hyperparameters)
        self.data = None if data is None else data()
        self.interval, self.metric, self.mode = interval, metric, mode
        self.trainer = {"accelerator": "cpu", "devices": 1, **trainer}
        self.library = _library(self.module)
        self.checkpoint: dict[str, Any] = {}

    def configure(self, hyperparameters: Hyperparameters) -> None:
        """Put the hyperparameters where the module reads them."""
        self.module.hparams.update(hyperparameters)

    def step(self, operator: str | None = None) -> None:  # noqa: ARG002 - there are none
        """Fit on for ``interval`` optimiser steps."""
        memory, path = _memory(self.library, self.checkpoint), "memory"
        last = self.checkpoint.get("global_step", 0) + self.interval
        hooks = _hooks(self.library, lambda trainer: trainer.save_checkpoint(path))
        limits = {"max_steps": last, "max_epochs": -1, "limit_val_batches": 0}
        with _quiet(self.library):
            trainer = self._trainer(hooks, plugins=[memory], **limits)
            trainer.fit(self.module, datamodule=self.data, ckpt_path=path if memory.held else None)
        self.checkpoint = {k: v for k, v in memory.held.items() if not k.endswith(OURS)}

    def evaluate(self) -> float:
        """Return the metric of a validation, its sign changed where less is better."""
        with _quiet(self.library):
            found = self._trainer().validate(self.module, datamodule=self.data, verbose=False)
        logged = {name: value for loader in found for name, value in loader.items()}
        return score(logged, self.metric, self.mode)

    def _trainer(self, *hooks: Any, **options: Any) -> Any:
        callbacks = [*hooks, *self.trainer.get("callbacks", ())]
        given = {**dict.fromkeys(SILENT, False), **self.trainer, **options}
        return self.library.Trainer(**{**given, "callbacks": callbacks})

    def state_dict(self) -> State:
        """Return Lightning's checkpoint; before the first step, the weights."""
        return self.checkpoint or {"state_dict": self.module.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Load the weights; the rest is restored when the next step begins."""
        self.module.load_state_dict(state["state_dict"])
        self.checkpoint = state if "global_step" in state else {}


SILENT = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")


def _library(module: Any) -> Any:
    """Return `lightning.pytorch` or `pytorch_lightning`, whichever a module is of."""
    names = [kind.__module__ for kind in type(module).__mro__ if kind.__name__ == "LightningModule"]
    if not names:
        raise TypeError(f"module returned a {type(module).__name__}; return a LightningModule.")
    return importlib.import_module(names[0].removesuffix(".core.module"))


def _memory(library: Any, held: Mapping[str, Any]) -> Any:
    """Return a plugin that holds a checkpoint instead of writing it to a file."""

    class Memory(library.plugins.CheckpointIO):  # type: ignore[misc]
        def save_checkpoint(self, checkpoint: Any, *_: Any, **__: Any) -> None:
            self.held = checkpoint

        def load_checkpoint(self, *_: Any, **__: Any) -> Any:
            return self.held

        def remove_checkpoint(self, *_: Any) -> None:
            self.held = {}

    memory = Memory()
    memory.held = dict(held)
    return memory


def _hooks(library: Any, save: Callable[[Any], None]) -> Any:
    """Return a callback that keeps the optimisers' options, and saves after the last step."""
    fresh: list[Options] = []

    def put_back(trainer: Any, _: Any) -> None:
        schedulers = [config.scheduler for config in trainer.lr_scheduler_configs]
        fresh.pop().put_back(trainer.optimizers, schedulers)

    def save_last(trainer: Any, *_: Any) -> None:
        if trainer.global_step >= trainer.max_steps:
            save(trainer)

    return library.callbacks.LambdaCallback(
        on_fit_start=lambda trainer, _: fresh.append(Options(trainer.optimizers)),
        on_train_start=put_back,
        on_train_batch_end=save_last,
    )


@contextmanager
def _quiet(library: Any) -> Iterator[None]:
    """Keep Lightning from saying at every step which devices there are, and what it is behind with.

    That a loader cannot go on within an epoch is said.
    """
    logger = logging.getLogger(library.__name__)
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            theirs = r"(pytorch_)?lightning\b"
            warnings.filterwarnings("ignore", module=theirs, category=FutureWarning)
            warnings.filterwarnings("ignore", message=".*does not have many workers")
            yield
    finally:
        logger.setLevel(level)
