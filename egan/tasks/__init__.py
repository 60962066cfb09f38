"""What models are for: what they learn from, how they are judged and shown.

A task has the data, gives batches, scores, pictures and naive baselines; it never is the model. A
paper names one: `task_type: ClassVar = Generation`. A new task is a file with a class that extends
`Task`.
"""

from egan.data.crowds import SEGMENTATION
from egan.tasks.adaptation import ADAPTED, Adaptation
from egan.tasks.ageing import OTHER, OTHER_AGES, Ageing
from egan.tasks.base import Asks, Batch, Codes, Draw, Needs, Scores, Task, draw, draw_labels, moved
from egan.tasks.captions import Captions, draw_captions
from egan.tasks.classes import Classes
from egan.tasks.control import Control
from egan.tasks.damage import Damage, Downscaled, Hole, Pasted
from egan.tasks.density import Density
from egan.tasks.deocclusion import MASK, Deocclusion
from egan.tasks.frontal import Frontal
from egan.tasks.generation import ROW, Generation
from egan.tasks.melodies import Melodies
from egan.tasks.occluders import Occluded
from egan.tasks.prediction import NEXT, PAST, Prediction, continued
from egan.tasks.recognition import Recognition
from egan.tasks.reconstruction import Reconstruction
from egan.tasks.refinement import Refinement
from egan.tasks.restoration import DAMAGED, Restoration
from egan.tasks.segmentation import Segmentation
from egan.tasks.sequences import Sequences
from egan.tasks.shifts import Shifts, placed
from egan.tasks.translation import TARGET, Translation
from egan.tasks.unpaired import UnpairedTranslation
from egan.tasks.views import Views

__all__ = [
    "ADAPTED",
    "DAMAGED",
    "MASK",
    "NEXT",
    "OTHER",
    "OTHER_AGES",
    "PAST",
    "ROW",
    "SEGMENTATION",
    "TARGET",
    "Adaptation",
    "Ageing",
    "Asks",
    "Batch",
    "Captions",
    "Classes",
    "Codes",
    "Control",
    "Damage",
    "Density",
    "Deocclusion",
    "Downscaled",
    "Draw",
    "Frontal",
    "Generation",
    "Hole",
    "Melodies",
    "Needs",
    "Occluded",
    "Pasted",
    "Prediction",
    "Recognition",
    "Reconstruction",
    "Refinement",
    "Restoration",
    "Scores",
    "Segmentation",
    "Sequences",
    "Shifts",
    "Task",
    "Translation",
    "UnpairedTranslation",
    "Views",
    "continued",
    "draw",
    "draw_captions",
    "draw_labels",
    "moved",
    "placed",
]
