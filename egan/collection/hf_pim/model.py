"""HF-PIM; `egan.collection.hf_pim` tells the paper."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mutations
from egan.collection.hf_pim import PRESETS, SOURCES, HfPimSettings
from egan.collection.hf_pim.networks import Dictionary, Frontaliser, Made, lifted
from egan.data.dataset import FIELD
from egan.losses.games import hinge_loss, whole
from egan.losses.smoothness import roughness
from egan.networks.patches import PatchDiscriminator
from egan.tasks import TARGET, Batch, Codes, Draw, Frontal, moved
from egan.tasks.recogniser import Classifier, recogniser, strangeness
from egan.tasks.views import SOURCE, batch_of
from egan.training.game import Game, Objective, Sides

if TYPE_CHECKING:
    from PIL import Image

TEXTURE, REFERENCE, SEEN = "texture", "reference", "seen"
SHOWN, BATCH = 10, 250
LATE = 0.1
"""What rates are multiplied by when all networks learn together, after their own phases."""
Phase = Literal["field", "texture", "together"]


class HfPim(Game):
    """What turns faces to the front by a field and a texture, against D and a dictionary."""

    task_type: ClassVar = Frontal
    presets: ClassVar = PRESETS
    sources: ClassVar = SOURCES
    sides: ClassVar = Sides(environment=("discriminator", "dictionary"))
    discriminator_codes: ClassVar = (TEXTURE, REFERENCE, SEEN)
    augmentable: ClassVar = False
    tiny: ClassVar = {
        **dict.fromkeys(("field_width", "width", "discriminator_width", "codewords"), 4),
        **dict.fromkeys(("bottleneck", "batch_size"), 8),
        **dict.fromkeys(("field_updates", "texture_updates"), 0),
        "patch_layers": 1,
        "identity_weight": 0.0,
    }
    settings: HfPimSettings

    def generator_network(self) -> nn.Module:
        """Build C, T and B, as one.

        Raises:
            ValueError: The data have no fields, or the images another size.
        """
        s, data = self.settings, self.task.data
        if s.field_weight and FIELD not in data.annotations:
            raise ValueError(
                f"HfPim needs data with a {FIELD!r} for each sample to learn the field from, but "
                f"{data.name} has none. Give --data.name heads, or --field-weight 0, which learns "
                "it from pixels alone."
            )
        return Frontaliser(
            self.shape,
            field_width=s.field_width,
            width=s.width,
            bottleneck=s.bottleneck,
            background=s.background,
        )

    def discriminators(self) -> dict[str, nn.Module]:
        """Build D, which judges patches of views, and the dictionary, which judges textures."""
        s, channels = self.settings, self.shape[0]
        width = s.discriminator_width
        return {
            "discriminator": PatchDiscriminator(channels, width=width, num_layers=s.patch_layers),
            "dictionary": Dictionary(
                channels, width=width, codewords=s.codewords, sharpness=s.sharpness
            ),
        }

    @property
    def alone(self) -> int:
        """How many updates C learns alone."""
        return self.settings.field_updates if self.settings.field_weight else 0

    @property
    def phase(self) -> Phase:
        """Who learns now; in an evolution all together."""
        if self.side is not None or self.updates >= self.alone + self.settings.texture_updates:
            return "together"
        return "field" if self.updates < self.alone else "texture"

    def learning_rate(self, network: str) -> float:
        """Return the rate of a network in this phase."""
        if self.phase == "field" and network in self.sides.members:
            return self.settings.field_lr
        is_late = self.phase == "together" and self.side is None
        return (LATE if is_late else 1.0) * super().learning_rate(network)

    def update(self) -> None:
        """Train C alone; or D and the dictionary, and then T and B, C too at last."""
        self.apply_settings()
        if self.phase != "field":
            if self.alone and self.updates == self.alone:
                self.freeze()
            super().update()
            return
        codes = moved(self.codes(self.settings.batch_size, self.rng), self.device)
        field, mask = self.generator.field(codes[SOURCE])  # type: ignore[operator]
        loss = self.settings.field_weight * astray(field, mask, codes[FIELD])
        self.train_generator(self.weighed(loss))

    def freeze(self) -> None:
        """Have C be its average, which is nearer to the truth than its last steps."""
        average: Frontaliser = self.average  # type: ignore[assignment]
        self.generator.field_net.load_state_dict(average.field_net.state_dict())  # type: ignore[union-attr]

    def draw(self, count: int | None = None) -> Batch:
        """Draw frontal views (N, C, H, W)."""
        views: Tensor = self.task.draw(count or self.settings.batch_size, self.rng).samples
        return Batch(views.to(self.device))

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw sources with their targets, and the true fields of these where they count."""
        batch = self.task.draw(count, rng)
        known = {FIELD: batch.codes[FIELD]} if self.settings.field_weight else {}
        return {SOURCE: batch.codes[SOURCE], TARGET: batch.samples, **known}

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Turn the sources of codes to the front."""
        made: Made = network(codes[SOURCE])
        return made.images

    def fake(self, count: int) -> Batch:
        """Turn new sources to the front; with them go what `Made` has, and lifted textures."""
        codes = moved(self.codes(count, self.rng), self.device)
        found: dict[str, Tensor] = {}

        def generated(network: nn.Module) -> Tensor:
            made: Made = network(codes[SOURCE], frozen=self.phase == "texture")
            true = codes.get(FIELD)
            field, mask = (
                (made.field, made.mask.sigmoid()) if true is None else (true[:, :2], true[:, 2:])
            )
            lift = lifted(codes[TARGET], field, mask, size=made.texture.shape[-1])
            found.update(zip((REFERENCE, SEEN), lift, strict=True))
            found.update(made=made.field, mask=made.mask, texture=made.texture)
            return made.images

        images = self.computed(generated, self.generator)
        return Batch(images, {**codes, **found})

    @torch.no_grad()
    def view(self, source: Tensor, yaw: Tensor, rng: torch.Generator) -> Tensor:  # noqa: ARG002
        """Turn images (N, C, H, W) to the front with the average of C, T and B, on the CPU.

        Args:
            source: Views from any side.
            yaw: Not looked at: it is 0.
            rng: Not drawn from.
        """
        return self.made({SOURCE: source})

    @torch.no_grad()
    def inspected(self, source: Tensor) -> Made:
        """Turn images (N, C, H, W) to the front; return all that was made on the way too."""
        parts = [self.average(part.to(self.device)) for part in torch.split(source, BATCH)]
        return Made(*(torch.cat([one.cpu() for one in each]) for each in zip(*parts, strict=True)))

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D for the logits of all patches (N * patches,), image by image."""
        logits: Tensor = self.discriminator(batch.samples)
        return logits.flatten()

    def penalty(self, real: Batch, fake: Batch) -> Tensor | None:  # noqa: ARG002
        """Return L_A, what the dictionary minimises, where it is learned."""
        if not self.settings.texture_weight:
            return None
        made, reference = self.encoded(fake)
        return hinge_loss(reference[1], made[1])

    def encoded(self, fake: Batch) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Return encodings and logits of textures that were made, and of those lifted."""
        codes, dictionary = fake.codes, self.networks["dictionary"]
        seen = codes[SEEN]
        return dictionary(codes[TEXTURE], seen), dictionary(codes[REFERENCE], seen)

    def objective(self) -> Objective | None:
        """Return −E[log D(ŷ)], the mean over patches, or none."""
        weighs = self.settings.adversarial_weight > 0
        return whole(mutations.get("heuristic")) if weighs else None

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor:  # noqa: ARG002
        """Return the other terms, by their weights over that of the adversarial one."""
        s, codes = self.settings, fake.codes
        terms = s.pixel_weight * F.l1_loss(fake.samples, codes[TARGET])
        terms = terms + s.smoothness_weight * roughness(fake.samples)
        if s.field_weight:
            terms = terms + s.field_weight * astray(codes["made"], codes["mask"], codes[FIELD])
        if s.texture_weight:
            terms = terms + s.texture_weight * self.unlikeness(fake)
        if s.identity_weight:
            given = fake.samples, codes[TARGET]
            terms = terms + s.identity_weight * strangeness(self.recogniser, *given)
        return self.weighed(terms)

    def weighed(self, terms: Tensor) -> Tensor:
        """Return terms over the adversarial one's weight, which stands for 1 in L."""
        return terms / (self.settings.adversarial_weight or 1.0)

    def unlikeness(self, fake: Batch) -> Tensor:
        """Return L_ARDL of textures that were made, beside those lifted."""
        (encoding, logits), (wanted, _) = self.encoded(fake)
        return (encoding - wanted.detach()).square().sum(dim=1).mean() - logits.mean()

    @cached_property
    def recogniser(self) -> Classifier:
        """What knows faces, frozen: of training persons, and another than the judge."""
        return recogniser(self.task).to(self.device)

    def gauges(self) -> dict[str, float]:
        """Return how far fields of held-out persons are from the true ones, where those are."""
        known, pairs = self.task.held_out.annotations, self.task.frontal_pairs
        if FIELD not in known or not self.settings.field_weight:
            return {}
        made = self.inspected(self.task.held_out.tensor(pairs.source))
        true = torch.tensor(known[FIELD][pairs.target]).float()
        return {"field_error": float(end_point_error(made.field, true))}

    def pictures(self) -> dict[str, Draw]:
        """Show frontal views, and the textures that they are warped from."""
        return {**super().pictures(), "textures": self.show_textures}

    def show_textures(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw sources of held-out persons, their textures, what is made of them, and the truth."""
        pairs = self.task.frontal_pairs
        chosen = np.arange(SHOWN) * len(pairs.source) // SHOWN
        batch = batch_of(self.task.held_out, type(pairs)(*(one[chosen] for one in pairs)))
        made = self.inspected(batch.codes[SOURCE])
        rows = (batch.codes[SOURCE], made.texture, made.images, batch.samples)
        names = ("source", "texture", "output", "truth")
        drawn: Image.Image = self.task.show(torch.cat(rows), columns=SHOWN, row_names=names)
        return drawn


def astray(field: Tensor, mask: Tensor, true: Tensor) -> Tensor:
    """Return L_F: the mean absolute difference on the true face, plus the mask's cross-entropy.

    Args:
        field: (N, 2, H, W).
        mask: Logits (N, 1, H, W).
        true: (N, 3, H, W), u and v, and 1 on the face.
    """
    face = true[:, 2:]
    gap = ((field - true[:, :2]).abs() * face).sum() / (2 * face.sum()).clamp(min=1)
    return gap + F.binary_cross_entropy_with_logits(mask, face)


def end_point_error(field: Tensor, true: Tensor) -> Tensor:
    """Return the mean distance of fields (N, 2, H, W) from true ones (N, 3, H, W) on the face."""
    face = true[:, 2]
    away: Tensor = (field - true[:, :2]).norm(dim=1)
    return (away * face).sum() / face.sum().clamp(min=1)
