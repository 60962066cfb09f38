"""The sections of settings that every run has, whatever it trains. Needs no torch."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal

import tyro

from egan.config.checks import check_range
from egan.config.evolution import EvolutionConfig

PAIRS, DOMAINS, MASKS, CAPTIONS = "pairs", "domains", "masks", "captions"


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What to learn from."""

    name: str = "digits"
    """Data set: digits, overlapped_digits, mnist5k, overlapped_mnist5k, stacked_mnist,
    digits_to_mnist, font, font_to_digits, font_to_mnist, shapes, scenes, aged_icons,
    captioned_shapes, detailed_shapes, icons, crowds, heads, bouncing, films, clips, bimodal,
    five_modes, gaussians8, gaussians25, ring16, swiss_roll, cartpole, gridworld, gymnasium,
    openmoji, openmoji_lines, photographs, folder, pairs, masks, side_by_side, views, domains, ages,
    captions, cifar10, mnist, npz, oracle_language, folk_tunes, folk_pitches, abc, midi, text,
    characters."""
    path: str | None = None
    """Folder or file on disk, for folder, side_by_side, views, clips, captions, ages, cifar10,
    mnist, npz, abc, midi, text, characters and gymnasium."""
    pairs: tuple[str, str] | None = None
    """Two folders, of sources and of their targets, which have equal names; says --data.name pairs.
    With --data.name masks, of images and of their masks; with --data.name domains, of images of two
    kinds, of which none belong together, with a subfolder for every class each, or with none."""
    captions: str | None = None
    """A CSV with the columns file,caption, of images below --data.path, or beside the table; says
    --data.name captions. Without it the captions of a.jpg are the lines of a.txt."""
    swap: bool = False
    """Exchange sources and targets."""
    image_size: int | None = None
    """Height and width in pixels, 28, 112 or a power of two from 8 to 1024, to resize to."""
    channels: int | None = None
    """1 for grey, 3 for colour; by default what the images have."""
    store: Literal["auto", "memory", "mapped"] = "auto"
    """Where the images of a folder are held: in memory, mapped from a file in the cache that is
    prepared once, or by auto mapped where they would fill the memory."""
    environment: str | None = None
    """Simulator to act in, by its id, such as CartPole-v1 or Acrobot-v1, for gymnasium."""
    trajectories: int | None = None
    """Trajectories of an expert to learn from, for cartpole, gridworld and gymnasium; by default
    10, or all of a file."""
    hold_out: bool = True
    """Keep fixed parts of the data from training: one to judge by, one for a final verdict."""

    def __post_init__(self) -> None:
        """Take two folders, and a table of captions, for what they are."""
        if self.captions is not None:
            object.__setattr__(self, "name", CAPTIONS)
        if self.pairs is not None:
            if self.name not in (DOMAINS, MASKS):
                object.__setattr__(self, "name", PAIRS)
            object.__setattr__(self, "pairs", tuple(self.pairs))

    @property
    def options(self) -> dict[str, Any]:
        """What `egan.data.load` takes beside the name."""
        return {
            "path": self.pairs or self.path,
            "image_size": self.image_size,
            "channels": self.channels,
            "swap": self.swap,
            "store": self.store,
            "environment": self.environment,
            "trajectories": self.trajectories,
            "captions": self.captions,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """Rounds of training: of one model, or of a population whose hyperparameters are searched."""

    strategy: Annotated[str | None, tyro.conf.arg(name="search", metavar="NAME")] = None
    """Search hyperparameters by pbt, pb2, mf_pbt, fire_pbt, ipbt, random or halving; see the top of
    this help."""
    population: int = 8
    """Members of a search: whole models that train side by side."""
    rounds: int = 20
    """Rounds to run, those before a resume included; after each, members are compared."""
    interval: int = 100
    """Updates (or generations, of whole evolutions) that every member trains in a round."""
    space: Annotated[dict[str, str], tyro.conf.Suppress] = dataclasses.field(
        default_factory=dict, hash=False
    )
    """What to search, by name: `low,high[,log]`, a list `a,b,c`, or options `a|b`."""
    options: Annotated[dict[str, str], tyro.conf.Suppress] = dataclasses.field(
        default_factory=dict, hash=False
    )
    """Settings of the search itself, by name, such as `quantile`."""

    def check(self) -> None:
        """See that every number is in its range.

        Raises:
            ValueError: One is not; the message names its flag.
        """
        check_range("population", self.population, least=2)
        check_range("rounds", self.rounds)
        check_range("interval", self.interval)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArithmeticConfig:
    """How networks are computed: what is faster depends on the machine, and changes last bits."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Of forward and backward passes; weights, optimisers and scores stay float32."""
    channels_last: bool = False
    """Let convolutions work with the channels as the last axis in memory."""
    compile: bool = False
    """Compile the networks with torch.compile, which takes a minute at the start."""
    vectorize: bool = False
    """Score siblings at once, by torch.func: fewer and larger operations."""

    def check(self, evolution: EvolutionConfig) -> None:
        """See that siblings that are scored at once are scored alike.

        Raises:
            ValueError: They are not; the message names the flag.
        """
        if not self.vectorize:
            return
        for flag, got, wanted in (
            ("evolution.diversity", evolution.diversity, "gradient"),
            ("evolution.fresh-codes", evolution.fresh_codes, False),
            ("evolution.niches", evolution.niches, 0),
            ("evolution.discriminators", evolution.discriminators, 1),
            ("arithmetic.compile", self.compile, False),
        ):
            if got != wanted:
                raise ValueError(
                    "--arithmetic.vectorize scores siblings at once, on shared codes, by the "
                    f"discriminator's gradient, but got --{flag} {got}; expected {wanted}."
                )
