"""What every member promises to the engine, as one check that says what is missing."""

import gc
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from population.member import Birth, Hyperparameters, Member, Newborn
from population.seeding import Seeds, preserved_randomness, seed_everything
from population.state import PackedState, State, pack, unpack
from population.switches import Guard, all_switches

MakeMember = Callable[[Hyperparameters], Member]


def check_member(
    factory: MakeMember,
    hyperparameters: Hyperparameters,
    *,
    changed: Hyperparameters | None = None,
    operator: str | None = None,
    seed: int = 0,
) -> None:
    """Make a few children, and check that a child follows from its parent's state alone.

    It takes about ten steps and evaluations. The caller's random states are given back.

    Args:
        factory: Builds the member, as for :class:`population.Search`.
        hyperparameters: What to build it with.
        changed: Others that a live member must be able to take, and that change its training;
            none of them may be structural.
        operator: The operator to step with, where the member needs one.
        seed: The seed of everything, at least 0.

    Raises:
        AssertionError: The member breaks a promise; the message says which, and how to mend it.
    """
    with preserved_randomness():
        trial = _Trial(factory, operator, seed)
        start = trial.check_state(hyperparameters)
        trial.check_children(start, hyperparameters)
        if changed is not None:
            trial.check_configure(start, hyperparameters, changed)


class _Trial:
    def __init__(self, factory: MakeMember, operator: str | None, seed: int) -> None:
        self.factory = factory
        self.operator = operator
        self.seed = seed

    def build(self, hyperparameters: Hyperparameters, *, seed: int | None = None) -> Member:
        seeds = Seeds(self.seed if seed is None else seed, 0, 0)
        seed_everything(seeds.own("build"))
        with _process_untouched("building it"):
            member = self.factory(hyperparameters)
        assert isinstance(member, Member), (
            f"the factory returned a {type(member).__name__}; let it return a population.Member."
        )
        member.seeds = seeds
        return member

    def bear(
        self, member: Member, parent: PackedState, given: Hyperparameters, *, generation: int = 1
    ) -> Newborn:
        seeds = Seeds(self.seed, generation, 0)
        birth = Birth(seeds=seeds, operator=self.operator, hyperparameters=given)
        with _process_untouched("making a child"):
            (newborn,) = member.reproduce(parent, [birth])
        return newborn

    def check_state(self, given: Hyperparameters) -> PackedState:
        """Check that a state can be packed, built again, and loaded; return it."""
        try:
            start = pack(self.build(given).state_dict())
        except TypeError as error:
            raise AssertionError(str(error)) from error
        _expect_same(
            start,
            pack(self.build(given).state_dict()),
            "built twice from one seed, it starts in different states; draw only from torch, "
            "numpy and random, which the engine seeds before it builds",
        )
        other = self.build(given, seed=self.seed + 1)
        other.load_state_dict(unpack(start))
        _expect_same(
            start, pack(other.state_dict()), "load_state_dict() does not bring everything back"
        )
        return start

    def check_children(self, start: PackedState, given: Hyperparameters) -> None:
        """Check that a child is the same on any member, fresh or used."""
        used = self.build(given)
        child = self.bear(used, start, given)
        assert differences(unpack(start), unpack(child.state)), (
            "step() changed nothing that state_dict() returns; return the weights, the "
            "optimiser's state and all counters."
        )
        _expect_twins(
            child,
            self.bear(self.build(given), start, given),
            "made twice with one seed, a child comes out differently; draw only from torch, numpy "
            "and random, or from generators seeded with self.seeds inside step() and evaluate()",
        )
        grandchild = self.bear(used, child.state, given, generation=2)
        _expect_twins(
            child,
            self.bear(used, start, given),
            "a member that trained before makes another child than a fresh one; what training "
            "changes must be in state_dict() and be set by load_state_dict()",
        )
        _expect_twins(
            grandchild,
            self.bear(self.build(given, seed=self.seed + 1), child.state, given, generation=2),
            "from a child's state, a fresh member goes on differently; what training changes must "
            "be in state_dict() and be set by load_state_dict()",
        )

    def check_configure(
        self, start: PackedState, given: Hyperparameters, changed: Hyperparameters
    ) -> None:
        """Check that a live member takes over hyperparameters after a state."""
        parent = self.bear(self.build(given), start, given)
        before = self.bear(self.build(given), parent.state, given, generation=2)
        live = self.bear(self.build(given), parent.state, changed, generation=2)
        assert differences(unpack(before.state), unpack(live.state)), (
            f"a child trained with {dict(changed)} is the same as with {dict(given)}; apply "
            "hyperparameters in configure(), which is called after load_state_dict(), to the live "
            "objects (an optimiser's param_groups)."
        )
        _expect_twins(
            live,
            self.bear(self.build(changed), parent.state, changed, generation=2),
            f"a member built with {dict(given)} and configured to {dict(changed)} trains "
            "differently from one that was built so; configure() must apply all that __init__ "
            "applies. What it cannot apply, declare structural in the search space",
        )


@contextmanager
def _process_untouched(what: str) -> Iterator[None]:
    """Expect that something changes nothing of what all members in a process share."""
    with _no_collection():
        guard, files = Guard(all_switches()), _open_files()
        yield
        changes, closed = guard.changes(), files - _open_files()
    guard.put_back()
    assert not changes, (
        f"{what} changed {', '.join(changes)} for the whole process, which its siblings share; "
        "set it in a with-block that ends before you return, or pass it as an argument "
        "(dtype=, device=). For threads, see torch_threads of population.Search."
    )
    assert not closed, (
        f"{what} closed the file descriptors {sorted(closed)}, which it has not opened: the "
        "engine's, Ray's or a sibling's."
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the collector from closing, meanwhile, the files of what others left to it."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _open_files() -> set[int]:
    """Return the descriptors that are open in this process, where the system lists them.

    They are those of files, pipes and terminals. Threads of Ray's, or of any library that talks to
    a server, close their sockets and what they wait with whenever they like.
    """
    try:
        listed = {int(name) for name in os.listdir("/dev/fd")}
    except (OSError, ValueError):
        return set()
    return {number for number in listed if _is_open_file(number)}


def _is_open_file(descriptor: int) -> bool:
    """Return whether a file is open; the one by which they are listed is not any more."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def differences(left: State, right: State, path: str = "state_dict()") -> list[str]:
    """Return the paths at which two states differ in any bit."""
    if type(left) is not type(right):
        return [path]
    if isinstance(left, Mapping) and set(left) == set(right):
        pairs = [(left[key], right[key], f"{path}[{key!r}]") for key in left]
    elif isinstance(left, (list, tuple)) and len(left) == len(right):
        pairs = [(*pair, f"{path}[{i}]") for i, pair in enumerate(zip(left, right, strict=True))]
    else:
        return [] if _bits(left) == _bits(right) else [path]
    return [found for pair in pairs for found in differences(*pair)]


def _bits(leaf: Any) -> Any:
    """Return what tells two leaves apart: kind, shape and bytes."""
    import torch

    if isinstance(leaf, torch.Tensor):
        flat = leaf.detach().cpu().contiguous().reshape(-1)
        return "tensor", leaf.dtype, leaf.shape, flat.view(torch.uint8).numpy().tobytes()
    if hasattr(leaf, "tobytes"):
        return "array", leaf.dtype, leaf.shape, leaf.tobytes()
    return type(leaf), repr(leaf)


def _expect_same(left: PackedState, right: PackedState, problem: str) -> None:
    found = differences(unpack(left), unpack(right))
    assert not found, f"{problem} (it differs at {', '.join(found[:3])})."


def _expect_twins(left: Newborn, right: Newborn, problem: str) -> None:
    _expect_same(left.state, right.state, problem)
    assert repr(left.scores) == repr(right.scores), (
        f"{problem} (the scores differ: {left.scores} and {right.scores})."
    )
