"""Feature extractors of one's own: a function, a TorchScript file, or the Inception network.

module:function        images (N, C, H, W) in [-1, 1] -> (N, F)
FILE.pt                a TorchScript network of such images; one whose forward pass takes
                       `return_features`, as those that StyleGAN publishes, gets RGB from 0 to
                       255 and is asked for features
inception              the network of the published FID, by torch-fidelity
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from egan.lazy import Lazy, own_function

if TYPE_CHECKING:
    from torch import Tensor

Extractor: TypeAlias = "Callable[[Tensor], Any]"

NAMED: dict[str, Lazy[Extractor]] = {
    "inception": Lazy("egan.judging.inception:Inception", "the network of the published FID"),
}
SUFFIXES = (".pt", ".pth", ".ts")
FLAG = "return_features"
"""The argument by which StyleGAN's TorchScript networks are asked for features."""
BATCH = 32
"""Images at a time for networks that enlarge them to 299x299."""


def is_file(spec: str) -> bool:
    """Whether an extractor is named by its TorchScript file."""
    return Path(spec).suffix.lower() in SUFFIXES


def load_extractor(spec: str | Extractor) -> Extractor:
    """Return a function from images (N, C, H, W) in [-1, 1] to features (N, F).

    Args:
        spec: The function itself, or what it is named by; see the top of this module.

    Raises:
        ValueError: It cannot be had; the message says why.
    """
    if callable(spec):
        return spec
    if spec in NAMED:
        return NAMED[spec]()
    if is_file(spec):
        return Scripted(Path(spec))
    kinds = f"'module:function', by a TorchScript file that ends in .pt, or {', '.join(NAMED)}"
    return own_function(spec, what="feature extractor", kinds=kinds)


class Scripted:
    """A TorchScript network; it goes to other processes as the bytes of its file.

    Args:
        path: The file.

    Raises:
        ValueError: It cannot be read, or is no TorchScript.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._content = path.expanduser().read_bytes()
        except OSError as error:
            raise ValueError(
                f"the feature extractor {path} cannot be read: {error.strerror}."
            ) from error
        try:
            self._load()
        except Exception as error:  # of bytes that are something else, each in its own way
            raise ValueError(
                f"the feature extractor {path} is no TorchScript file: "
                f"{str(error).strip().splitlines()[0]}. Save one by "
                "torch.jit.script(network).save(path)."
            ) from error

    def _load(self) -> None:
        import torch

        with warnings.catch_warnings():  # torch would rather have torch.export
            warnings.simplefilter("ignore")
            self._network = torch.jit.load(  # type: ignore[no-untyped-call]
                io.BytesIO(self._content), map_location="cpu"
            )
        self._network.eval()
        arguments = self._network.forward.schema.arguments
        self._published = any(one.name == FLAG for one in arguments)

    def __getstate__(self) -> bytes:
        return self._content

    def __setstate__(self, content: bytes) -> None:
        self._content = content
        self._load()

    def __call__(self, images: Tensor) -> Any:
        """Map images (N, C, H, W) in [-1, 1] to features (N, F)."""
        if not self._published:
            return self._network(images)
        return in_parts(lambda part: self._network(colour_levels(part), **{FLAG: True}), images)


def in_parts(function: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Apply a network to a few images (N, C, H, W) at a time, to spare memory."""
    import torch

    return torch.cat([function(part) for part in torch.split(images, BATCH)])


def colour_levels(images: Tensor) -> Tensor:
    """Turn images (N, C, H, W) in [-1, 1] into RGB (N, 3, H, W) from 0 to 255, uint8."""
    import torch

    levels = ((images.clamp(-1.0, 1.0) + 1.0) * 127.5).round().to(torch.uint8)
    return levels.expand(-1, 3, -1, -1) if levels.shape[1] == 1 else levels
