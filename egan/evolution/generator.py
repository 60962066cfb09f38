"""The members of an evolution: generators of any game, which are mutated and scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import torch

import mutations
from egan.evolution.crossover import Made, distillation_loss, made
from egan.evolution.rivals import softly
from egan.evolution.scoring import (
    CROSSED,
    FAKES,
    REALS,
    SHOWN,
    SHUFFLES,
    Scored,
    kept_buffers,
    scores,
    seed_noise,
)
from egan.evolution.shares import num_shown
from egan.tasks.base import moved
from egan.training import optimizers
from egan.training.model import stream
from population.member import Birth, Hyperparameters, Member, Newborn
from population.state import Buffer, PackedState, State

if TYPE_CHECKING:
    from egan.config.evolution import EvolutionConfig
    from egan.evolution.discriminator import SharedDiscriminator
    from egan.evolution.rivals import RivalDiscriminators
    from egan.training.game import Game
    from egan.training.model import Gradient

    Build = Callable[..., Game]


class EvolvedGenerator(Member):
    """The members' side of a game: weights, optimisers' states, averages.

    A mutation is one step of the game's generators in which an objective takes the place of the
    game's own adversarial term, while its other terms stay. Siblings use the same latent codes, for
    training and, others, for scoring: common random numbers. With ``fresh_codes`` each draws its
    own.

    In niches members are no siblings and nobody is scored. Each trains on codes of its own, on
    L_i = M_k(D, G_i(z_i)), and makes samples for the discriminator of others: of both as many as
    its share of the batch.

    Args:
        hyperparameters: ``batch_size``, a member's share of the batch; all of it if left out.
        build: Builds the game, or a side of it, from hyperparameters.
        evolution: How children are scored.
        mutations: The names of all mutations, in their order.

    Wang et al. 2018, arXiv 1803.00657, section III.
    """

    environment: SharedDiscriminator | RivalDiscriminators

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        *,
        build: Build,
        evolution: EvolutionConfig,
        mutations: Sequence[str],
    ) -> None:
        self.game = build({}, side="members")
        self.evolution = evolution
        self.names = self.game.sides.members
        self.tensors = {
            name: network.state_dict(keep_vars=True) for name, network in self.game.networks.items()
        }
        self.buffers = [b for name in self.names for b in self.game.networks[name].buffers()]
        self.places = {name: i for i, name in enumerate(mutations)}
        self.found: dict[int, Scored] = {}
        self._facing: SharedDiscriminator | RivalDiscriminators | None = None
        self.configure(hyperparameters)

    def configure(self, hyperparameters: Hyperparameters) -> None:
        """Take the member's share of the batch."""
        self._size = int(hyperparameters.get("batch_size", self.game.settings.batch_size))

    @property
    def batch_size(self) -> int:
        """The member's share of the batch; of shares that move, the current one."""
        return self.environment.size_of(self.seeds.child) or self._size

    def step(self, operator: str | None = None) -> None:
        """Mutate: one step on the objective called ``operator``, with the game's other terms."""
        [gradient] = self._gradients([operator])
        self._descend(gradient)

    def cross(self, partner: State) -> None:
        """Take one step towards the better parent on each code, see `egan.evolution.crossover`."""
        own = self.state_dict()
        self.load_state_dict(partner)
        with torch.no_grad():
            theirs = self._made_for_crossing()
        self.load_state_dict(own)
        loss = distillation_loss(self._made_for_crossing(), theirs)
        self._descend(self.game.gradient(loss, *self.names))

    def _made_for_crossing(self) -> Made:
        """Make samples of codes that both parents meet, and see how good they are."""
        game = self._begin("step", CROSSED)
        codes = moved(game.codes(self.batch_size, game.rng), game.device)
        rng = stream(self._seed("step", SHUFFLES))
        return made(game, codes, environment=self.environment, rng=rng)

    def evaluate(self) -> dict[str, float]:
        """Score on fresh codes: fitness = quality + weight × diversity.

        Also ``saturated``: 1 where the discriminator's gradient had vanished and the cap took the
        place of the diversity; where it is 1 for any child of a generation, quality alone is the
        fitness of all of them, see `Parts.strategy`. What was scored becomes the contribution.
        """
        self.scored = self._scored()
        share = {"share": float(self.batch_size)} if self.evolution.shares_move else {}
        return scores(self.scored, self.evolution, self.seeds) | share

    def _scored(self) -> Scored:
        if self.vectorizes:
            return self.found.pop(self.place, None) or self._score_alone()
        game = self._begin("evaluate")
        with torch.no_grad():
            fake = game.fake(self.num_samples)
        if self.evolution.scored_by == "none":
            return Scored(fake)
        found, gradients = [], []
        for face in self._faced("evaluate"):
            with face.undisturbed():
                logits = game.logits(game.seen(fake))
            found.append(logits.detach())
            if self.evolution.scored_by == "gradient":
                gradients.append(face.loss_gradient(logits))
        return Scored(fake, found, gradients)

    @property
    def num_samples(self) -> int:
        """How many samples are scored; in niches, how many the discriminator has from a member."""
        if self.evolution.niches:
            return self.game.settings.discriminator_steps * self.batch_size
        return self.evolution.num_samples

    def contribution(self) -> State:
        """Return the samples that were scored; the discriminator learns from the survivors'.

        With them go the codes that it is told of and, with ``reuse_gradient``, its loss on them and
        on real samples, and the gradient; where shares move, samples to see who is needed.
        """
        fake = self.scored.fake
        codes = {name: fake.codes[name] for name in self.game.discriminator_codes}
        contribution: dict[str, State] = {"samples": fake.samples, "codes": codes}
        if self.evolution.reuse_gradient:
            [logits], [gradient] = self.scored.logits, self.scored.gradients
            [face] = self.environment.meet(self.game)
            contribution |= {"loss": face.loss(logits), "gradient": gradient}
        if count := num_shown(self.evolution, self.seeds.generation):
            game = self._begin("evaluate", SHOWN)
            with torch.no_grad(), kept_buffers([game.networks[name] for name in self.names]):
                contribution["shown"] = game.fake(count).samples.cpu()
        return contribution

    def reproduce(self, parent: PackedState, births: Sequence[Birth]) -> Iterator[Newborn]:
        """Make siblings from one forward pass, with one backward pass per mutation.

        The objectives are functions of the same logits D(G(z)), so the children are the same bits
        as those of the plain loop.
        """
        first = births[0]
        alike = all(
            b.train and b.partner is None and b.hyperparameters == first.hyperparameters
            for b in births
        )
        if self.evolution.own_codes or not alike or len(births) == 1:
            yield from super().reproduce(parent, births)
            return
        room = self.become(parent, first)
        gradients = self._gradients([birth.operator for birth in births])
        if self.vectorizes:
            yield from self._born_at_once(parent, births, gradients)
            return
        statistics = [buffer.clone() for buffer in self.buffers]
        for birth in births:
            if birth is not first:  # the others meet what the one pass left, as in the plain loop
                room = self.become(parent, birth)
                for buffer, value in zip(self.buffers, statistics, strict=True):
                    buffer.copy_(value)
            self._descend(gradients.pop(0))
            yield self.appraise(birth, into=room)

    def _gradients(self, operators: Sequence[str | None]) -> list[Gradient]:
        """Return the gradient of each objective, from one forward pass."""
        objectives = [mutations.get(operator or "") for operator in operators]
        game = self._begin("step")
        size = self.batch_size
        with self.environment.undisturbed():
            fake = game.fake(size)
            game.rng = stream(self._seed("step", REALS))
            real = game.draw(size) if game.wants_reals(objectives) else fake  # not looked at
            found = [game.generator_losses(fake, real, objectives) for _ in self._faced("step")]
        losses = [softly(of_one) for of_one in zip(*found, strict=True)]
        last = len(losses) - 1
        return [
            game.gradient(loss, *self.names, retain_graph=i < last) for i, loss in enumerate(losses)
        ]

    def _descend(self, gradient: Gradient) -> None:
        self.game.follow(gradient, *self.names)
        self.game.updates += 1

    def _begin(self, purpose: str, part: int = FAKES) -> Game:
        """Let the game see the environment's networks, and draw from the purpose's streams."""
        game = self.game
        if self._facing is not self.environment:
            self._facing = self.environment
            game.networks |= self.environment.networks
            game.training(True)
        game.rng = stream(self._seed(purpose, part))
        seed_noise(self._noise(purpose, part), game.device)
        return game

    def _faced(self, purpose: str) -> Iterator[SharedDiscriminator]:
        """Meet each discriminator, with noise that does not depend on what others were asked."""
        for place, face in enumerate(self.environment.meet(self.game)):
            if place:
                seed_noise(self._noise(purpose) + place, self.game.device)
            yield face

    def _noise(self, purpose: str, part: int = FAKES) -> int:
        """Return the seed of the noise within networks, which siblings share; niches have none."""
        seeds = self.seeds.own if self.evolution.niches else self.seeds.shared
        return seeds(purpose, part)

    def _seed(self, purpose: str, part: int = FAKES) -> int:
        if self.evolution.own_codes:
            return self.seeds.own(purpose, part)
        return self.seeds.shared(purpose, part)

    @property
    def vectorizes(self) -> bool:
        """Whether siblings are scored at once."""
        return self.game.arithmetic.vectorize

    def become(self, parent: PackedState, birth: Birth) -> Buffer:
        """Take over a copy of the parent, and what the child to be is made with."""
        self.place = self.places.get(birth.operator or "", len(self.places))
        return super().become(parent, birth)

    def _born_at_once(
        self, parent: PackedState, births: Sequence[Birth], gradients: Sequence[Gradient]
    ) -> Iterator[Newborn]:
        """Give every sibling its gradient step, then score all of them together."""
        rooms, states, children = [], [], {}
        for birth, gradient in zip(births, gradients, strict=True):
            rooms.append(self.become(parent, birth))
            self._descend(gradient)
            states.append(self.state_dict())
            children[self.place] = self._weights()
        self.found = self._score_at_once(children)
        for birth, room, state in zip(births, rooms, states, strict=True):
            self.seeds, self.place = birth.seeds, self.places[birth.operator or ""]
            self.load_state_dict(state)
            yield self.appraise(birth, into=room)

    def _weights(self) -> dict[str, torch.Tensor]:
        from egan.evolution.vectorized import weights_of

        return weights_of({name: self.game.networks[name] for name in self.names})

    def _score_alone(self) -> Scored:
        return self._score_at_once({self.place: self._weights()})[self.place]

    def _score_at_once(
        self, children: Mapping[int, Mapping[str, torch.Tensor]]
    ) -> dict[int, Scored]:
        from egan.evolution.vectorized import score_at_once

        game = self._begin("evaluate")
        codes = moved(game.codes(self.evolution.num_samples, game.rng), game.device)
        places = len(self.places) + 1
        [face] = self.environment.meet(game)
        return score_at_once(children, game, codes, environment=face, places=places)

    def state_dict(self) -> State:
        """Return weights, running statistics, optimisers' states and the averaged weights."""
        found = self.tensors.items()
        return self.game.state_with(
            {name: {key: one.detach() for key, one in tensors.items()} for name, tensors in found}
        )

    def load_state_dict(self, state: State) -> None:
        """Take over a state by reference: weights, moments and averages are its own memory.

        The optimisers' options are those of the settings, whatever the state was trained with.
        """
        self.game.updates = state["updates"]
        if (rate := state.get("rate", 1.0)) != self.game.rate:
            self.game.rate = rate
            self.game.apply_settings()
        for name, weights in state["networks"].items():
            for key, tensor in self.tensors[name].items():
                tensor.data = weights[key].to(tensor.device)
        for name, moments in state["optimizers"].items():
            optimizers.adopt_moments(self.game.optimizers[name], moments)
