"""A Trainer of Hugging Face's transformers as a member."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from population.adapters.metric import Mode, score
from population.adapters.options import Options
from population.member import Hyperparameters, Member
from population.state import State

PLACE = (
    *("global_step", "epoch", "num_input_tokens_seen"),
    *("logging_steps", "eval_steps", "save_steps", "train_batch_size"),
)
"""What of a Trainer's state says how far it is; the rest is clocks and logs."""


class TransformersMember(Member):
    """Has a `transformers.Trainer` train for so many optimiser steps at a time.

    Each step is a `Trainer.train` that resumes: weights, optimiser, scheduler, and the position in
    the data, whose order `data_seed` gives. Hyperparameters that `TrainingArguments` has by name
    are set there; others are structural, for ``trainer`` to build with.

    Args:
        hyperparameters: What ``trainer`` is called with.
        trainer: Builds the Trainer, with a model of its own, not with `model_init`.
        interval: Optimiser steps of a step.
        metric: What `Trainer.evaluate` returns, and members are ranked by.
        mode: Whether more of it is better, or less.

    Raises:
        ValueError: The Trainer could not train on from where it stopped.
    """

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        *,
        trainer: Callable[[Hyperparameters], Any],
        interval: int,
        metric: str = "eval_loss",
        mode: Mode = "min",
    ) -> None:
        self.trainer = trainer(hyperparameters)
        self.interval, self.metric, self.mode = interval, metric, mode
        _check(self.trainer)
        _silence(self.trainer)
        self.progress: dict[str, Any] = {}

    def configure(self, hyperparameters: Hyperparameters) -> None:
        """Set what the training arguments have by name."""
        for name, value in hyperparameters.items():
            if hasattr(self.trainer.args, name):
                setattr(self.trainer.args, name, value)

    def step(self, operator: str | None = None) -> None:  # noqa: ARG002 - there are none
        """Train on for ``interval`` optimiser steps."""
        trainer = self.trainer
        trainer.optimizer = trainer.lr_scheduler = None
        hooks = _hooks(self.interval, Options([trainer.create_optimizer()]))
        trainer.add_callback(hooks)
        with TemporaryDirectory() as folder:
            trainer.train(resume_from_checkpoint=self._resumable(Path(folder)))
        trainer.remove_callback(hooks)
        self.progress = {
            "place": {name: getattr(trainer.state, name) for name in PLACE},
            "optimizer": trainer.optimizer.state_dict(),
            "scheduler": trainer.lr_scheduler.state_dict(),
        }

    def _resumable(self, folder: Path) -> str | None:
        """Write what `Trainer.train` resumes from, but no random states; None for a first step."""
        import torch
        from transformers import TrainerState

        if not self.progress:
            return None
        TrainerState(**self.progress["place"]).save_to_json(str(folder / "trainer_state.json"))
        torch.save(self.trainer.model.state_dict(), folder / "pytorch_model.bin")
        for name in ("optimizer", "scheduler"):
            torch.save(self.progress[name], folder / f"{name}.pt")
        return str(folder)

    def evaluate(self) -> float:
        """Return the metric of an evaluation, its sign changed where less is better."""
        return score(self.trainer.evaluate(), self.metric, self.mode)

    def state_dict(self) -> State:
        """Return weights, optimiser, scheduler and position."""
        return {"model": self.trainer.model.state_dict(), "progress": self.progress}

    def load_state_dict(self, state: State) -> None:
        """Load the weights; the rest is restored when the next step begins."""
        self.trainer.model.load_state_dict(state["model"])
        self.progress = state["progress"]


def _check(trainer: Any) -> None:
    if trainer.model_init is not None:
        raise ValueError("the Trainer has model_init=..., which builds anew; give it model=...")
    if trainer.args.data_seed is None:
        raise ValueError(
            "TrainingArguments(data_seed=None) draws another order of the data at every resume; "
            "give a number."
        )


def _silence(trainer: Any) -> None:
    """Have the Trainer write no files and print no lines."""
    from transformers import PrinterCallback, ProgressCallback

    trainer.args.set_save(strategy="no")
    for kind in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(kind)


def _hooks(interval: int, fresh: Options) -> Any:
    """Return a callback that keeps the optimiser's options, and stops after an interval."""
    from transformers import TrainerCallback

    class Hooks(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **live: Any) -> None:  # noqa: ARG002
            self.last = state.global_step + interval
            fresh.put_back([live["optimizer"]], [live["lr_scheduler"]])

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:  # noqa: ARG002
            control.should_training_stop |= state.global_step >= self.last
            return control

    return Hooks()
