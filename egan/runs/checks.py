"""Settings that make sense together, for the plan that they come to. Needs no torch."""

from __future__ import annotations

from egan import collection
from egan.collection.search import with_space
from egan.config import RunConfig
from egan.runs.plan import plan


def checked(config: RunConfig) -> RunConfig:
    """Return settings that make sense, with a whole search where there is one.

    Raises:
        ValueError: They do not; the message names a setting, what it was, what is expected.
    """
    config.check()
    made = plan(config)
    collection.check_augmentation(config)
    if config.on_collapse == "rollback" and made.kind == "search":
        raise ValueError(
            "--on-collapse rollback is for one model or one evolution: a search replaces members "
            "that have collapsed anyway. Leave it out."
        )
    if config.mutations:
        _check_evolves(made.model)
    if config.device == "cuda" and not made.in_process and config.gpus_per_worker == 0:
        raise ValueError(
            "--device cuda needs --gpus-per-worker above 0, so that Ray gives workers a GPU "
            f"(1/{made.num_workers + 1} shares one between all of them)."
        )
    if config.address not in (None, "auto"):
        _check_address(str(config.address))
    return with_space(config)


def _check_evolves(model: str) -> None:
    entry = collection.MODELS[model]
    mend = (
        "Train it, tune it with --search, or take another model; --list names them, and those that "
        "evolve."
    )
    if entry.family != "adversarial":
        raise ValueError(
            f"--evolve needs a generator against a discriminator, but {model} has no "
            f"discriminator. {mend}"
        )
    if entry.critic:
        raise ValueError(
            "--evolve takes the sigmoid of what the discriminator gives for the probability that a "
            f"sample is real, but {model}'s gives {entry.critic}, and no logit: neither mutations "
            f"nor fitness would be what they say. {mend}"
        )


def _check_address(address: str) -> None:
    from population.executors.ray_address import host_and_port

    try:
        host_and_port(address)
    except ConnectionError as error:
        raise ValueError(f"--{str(error).replace('=', ' ', 1)}") from error
