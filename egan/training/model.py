"""What every paper is: networks and optimisers that take updates on a task's data."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from egan.config.sections import ArithmeticConfig
from egan.tasks.base import Batch, Draw, Needs, Task
from egan.training import optimizers
from egan.training.gradients import set_gradients
from egan.training.renewal import renew
from egan.training.truncation import Truncated
from population.member import Hyperparameters, Member
from population.state import State

if TYPE_CHECKING:
    from egan.config.run import RunConfig
    from egan.config.settings import Settings

BATCH = 250
"""How many samples are made at a time."""

Gradient = Sequence[Tensor | None]
"""A tensor for each parameter; None where the loss does not depend on it."""


class Model(Truncated, Member):
    """Networks and optimisers with a name each, and an update that is repeated.

    A paper defines ``build`` and ``update``, what its task asks of it (``sample``, ``translate``,
    ``classify`` ...), and its tables. States, hyperparameters, devices and random streams are
    handled here; data, scores and pictures are the task's.

    Args:
        hyperparameters: Settings to change, by name.
        settings: The paper's own settings; of the class that ``settings`` is annotated with.
        task: The data, and what judges.
        interval: Updates in a step of the engine.
        device: Where the networks live; every draw is made on the CPU.
        arithmetic: How networks are computed.

    Attributes:
        settings: The settings with the current hyperparameters.
        shape: The shape of what it makes, for most tasks that of a sample.
        num_classes: Of the data; 0 without labels.
        networks: What training changes, by name.
        optimizers: By the name of the network that they train; see `learning`.
        rng: The stream of the coming draws, on the CPU; new in every step and evaluation.
        updates: How many updates there were so far.
        rate: What all learning rates are multiplied by: below 1 where a run went back, see
            `egan.runs.listeners.alarm`.

    Raises:
        ValueError: A setting is wrong, or the networks do not fit the data.
    """

    task_type: ClassVar[Callable[..., Task]]
    """What it is for: a class of `egan.tasks`, or a partial of one."""
    presets: ClassVar[Mapping[str, Callable[[], RunConfig]]]
    """Settings of whole runs by name: "small", the default, and "paper" at least."""
    learning: ClassVar[Mapping[str, str]] = {}
    """The networks that have an optimiser, each with the setting that is its learning rate."""
    live: ClassVar[Mapping[str, tuple[type[nn.Module], str]]] = {}
    """Settings that modules read while they train: the modules' class, and their attribute."""
    needs: ClassVar[Needs] = Needs()
    """What the data must have, beside what the task needs."""
    tiny: ClassVar[Mapping[str, Any]] = {}
    """Changes to the small preset's settings with which a test takes no time."""
    paper_classes: ClassVar[int] = 10
    """How many classes the paper's data have."""
    paper_parameters: ClassVar[Mapping[str, float]] = {}
    """Millions of parameters by network, where the paper or its authors' code states them."""
    sources: ClassVar[Mapping[str, Mapping[str, Sequence[str]]]] = {}
    """By preset of the paper's sizes: sources ("table 1", "ours"), each with its settings."""

    settings: Settings
    task: Any
    rate = 1.0

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        *,
        settings: Settings,
        task: Task,
        interval: int = 100,
        device: str = "cpu",
        arithmetic: ArithmeticConfig | None = None,
    ) -> None:
        self.given = settings
        self.settings = settings.tuned(hyperparameters)
        self.task = task
        self.interval = interval
        self.arithmetic = arithmetic or ArithmeticConfig()
        self.shape = task.shape
        self.num_classes = task.data.num_classes
        self.device = torch.device(device)
        self.rng = torch.Generator()
        self.updates = 0
        for needs in (self.needs, task.needs):
            needs.check(task.data, who=type(self).__name__)
        self.begin()

    def begin(self) -> None:
        """Build networks and their optimisers, with weights from torch's global stream."""
        self.networks: dict[str, nn.Module] = {
            name: network.to(self.device) for name, network in self.build().items()
        }
        self.optimizers = {
            name: optimizers.optimizer(
                optimizers.name_of(self.settings), self.networks[name], options
            )
            for name, options in self.optimizer_options().items()
            if name in self.networks
        }

    @abstractmethod
    def build(self) -> dict[str, nn.Module]:
        """Build the networks, with weights from torch's global stream, which is seeded."""

    @abstractmethod
    def update(self) -> None:
        """Train once, on batches from `draw` with random numbers from ``self.rng``."""

    def learning_rate(self, network: str) -> float:
        """Return the current learning rate of a network; override it where one decays."""
        return float(getattr(self.settings, self.learning[network]))

    def optimizer_options(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the optimisers' options by network, see `learning` and `egan.training.optimizers`.

        They are applied again after every change of hyperparameters.
        """
        return {
            name: optimizers.options(self.settings, lr=self.rate * self.learning_rate(name))
            for name in self.learning
        }

    def configure(self, hyperparameters: Hyperparameters) -> None:
        """Apply hyperparameters to the live model.

        Raises:
            ValueError: There is no such setting, or it is out of its range.
        """
        self.settings = self.given.tuned(hyperparameters)
        self.apply_settings()

    def apply_settings(self) -> None:
        """Hand the settings on to optimisers and modules; call it in `update` where one decays."""
        for name, options in self.optimizer_options().items():
            if name in self.optimizers:
                for group in self.optimizers[name].param_groups:
                    group.update(options)
        for setting, (kind, attribute) in self.live.items():
            for network in self.networks.values():
                for module in network.modules():
                    if isinstance(module, kind):
                        setattr(module, attribute, getattr(self.settings, setting))

    def step(self, operator: str | None = None) -> None:
        """Take ``interval`` updates; begin anew before, where the operator says so."""
        renew(self, operator)
        self.rng = stream(self.seeds.own("step"))  # the child's alone: siblings train apart
        self.training(True)
        for _ in range(self.interval):
            self.update()
            self.updates += 1

    def training(self, mode: bool) -> None:
        """Set all networks to training or evaluation mode."""
        for network in self.networks.values():
            network.train(mode)

    def draw(self, count: int | None = None) -> Batch:
        """Draw a batch of the task's data, `batch_size` by default."""
        batch: Batch = self.task.draw(count or self.settings.batch_size, self.rng)
        return batch.to(self.device)

    def parameters(self, *names: str) -> list[Tensor]:
        """Return what the optimisers of some networks train, in a fixed order."""
        return [one for name in names for one in optimizers.parameters(self.optimizers[name])]

    def gradient(self, loss: Tensor, *names: str, retain_graph: bool = False) -> Gradient:
        """Return a loss's gradient in the parameters of some networks, and of no others."""
        parameters = self.parameters(*names)
        return torch.autograd.grad(loss, parameters, retain_graph=retain_graph, allow_unused=True)

    def follow(self, gradient: Gradient, *names: str) -> None:
        """Take a step of the optimisers of some networks along a gradient."""
        set_gradients(self.parameters(*names), gradient)
        for name in names:
            self.optimizers[name].step()

    def descend(self, loss: Tensor, *names: str) -> None:
        """Take a step of the optimisers of some networks, on their own parameters alone."""
        self.follow(self.gradient(loss, *names), *names)

    def evaluate(self) -> dict[str, float]:
        """Score the model with `score`, in evaluation mode, on numbers that siblings share.

        All scores are NaN where a weight is not finite: words, moves and classes may look well yet.
        """
        self.rng = stream(self.seeds.shared("evaluate"))  # common numbers: scores compare
        with self.judging():
            scores = self.score()
        return scores if self.is_finite else dict.fromkeys(scores, math.nan)

    @property
    def is_finite(self) -> bool:
        """Whether all weights are finite."""
        weights = (one for network in self.networks.values() for one in network.parameters())
        return all(bool(torch.isfinite(one).all()) for one in weights)

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Switch to evaluation mode, without gradients, for a while."""
        before = {name: network.training for name, network in self.networks.items()}
        self.training(False)
        try:
            with torch.no_grad():
                yield
        finally:
            for name, mode in before.items():
                self.networks[name].train(mode)

    def __init_subclass__(cls, **options: Any) -> None:
        """Have samples made without gradients, whoever asks for them."""
        super().__init_subclass__(**options)
        if "sample" in cls.__dict__:
            cls.sample = torch.no_grad()(cls.sample)  # type: ignore[method-assign]

    def sample(self, count: int, rng: torch.Generator) -> Tensor:  # noqa: ARG002 - the interface
        """Make samples (count, *shape) as the trained model does best, in evaluation mode.

        Raises:
            ValueError: The model makes no samples.
        """
        raise ValueError(f"{type(self).__name__} makes no samples; take a generative model.")

    def samples(self, count: int, rng: torch.Generator) -> Tensor:
        """Make samples on the CPU, a few hundred at a time."""
        sizes = [min(BATCH, count - start) for start in range(0, count, BATCH)]
        return torch.cat([self.sample(size, rng).cpu() for size in sizes])

    def score(self) -> dict[str, float]:
        """Return scores, ``fitness`` among them; by default the task's.

        Higher is better, and a model is never judged by itself.
        """
        scores: dict[str, float] = self.task.score(self, self.rng)
        return scores

    @property
    def meaning(self) -> str:
        """What fitness is, as a sentence goes on; by default the task's."""
        meaning: str = self.task.meaning
        return meaning

    def look(self) -> dict[str, float]:
        """Return what is written to `metrics.csv` at a look; by default the task's measures."""
        scores: dict[str, float] = self.task.look(self, self.rng)
        return scores | self.gauges()

    def gauges(self) -> dict[str, float]:
        """Return what a look tells of training rather than of samples; by default nothing."""
        return {}

    def pictures(self) -> dict[str, Draw]:
        """Return what draws the pictures, by file name; the first one is drawn at every look."""
        pictures: dict[str, Draw] = self.task.pictures(self)
        return pictures

    def state_dict(self) -> State:
        """Return weights, running statistics, optimisers' states and the number of updates."""
        return self.part(self.networks)

    def part(self, names: Iterable[str]) -> State:
        """Return the state of some networks and their optimisers."""
        names = tuple(names)
        # plain dicts: the versions of modules, which torch adds, are dear to pack each time
        networks = {name: dict(self.networks[name].state_dict()) for name in names}
        return self.state_with(networks)

    def state_with(self, networks: Mapping[str, Mapping[str, Tensor]]) -> State:
        """Return a state with these tensors of networks, and the moments of their optimisers.

        The optimisers' options are the settings', and no part of it.
        """
        known = {name: self.optimizers[name] for name in networks if name in self.optimizers}
        moments = {name: optimizers.moments(one) for name, one in known.items()}
        rate = {} if self.rate == 1 else {"rate": self.rate}
        return {"updates": self.updates, **rate, "networks": networks, "optimizers": moments}

    def load_state_dict(self, state: State) -> None:
        """Take over a state made by :meth:`state_dict`, or the part of one.

        The settings of optimisers are those of the model, whatever the state was trained with.
        """
        self.updates, self.rate = state["updates"], state.get("rate", 1.0)
        for name, weights in state["networks"].items():
            self.networks[name].load_state_dict(weights)
        for name, moments in state["optimizers"].items():
            optimizers.load_moments(self.optimizers[name], moments)
        self.apply_settings()


def stream(seed: int) -> torch.Generator:
    """Return a generator on the CPU, where every draw is made, whatever the device."""
    return torch.Generator().manual_seed(seed)
