"""In: files and hub sets. Out: texts with labels, splits, and batches of token ids: padded ones of texts, full ones of running text."""

from hodu.data.beside import ANCHORS, FACTS, WITH_FACTS, Beside, Budget, Reader, beside, check_task, redrawn, with_facts
from hodu.data.corruption import Fill, Frequency, corrupted, unfilled
from hodu.data.fact_training import varied
from hodu.data.groups import ABSENT, as_read, collate_groups, most_texts, strings_of, texts_of_rows, tokenise_groups
from hodu.data.load import load
from hodu.data.masking import masked, successive
from hodu.data.matching import match_labels
from hodu.data.packing import Packing, pack
from hodu.data.sentences import has_scores, paired, scaled, sentences
from hodu.data.splits import split
from hodu.data.tokenise import Truncation, collate, max_length_of, tokenise
from hodu.data.types import Columns, Data

__all__ = [
    "ABSENT",
    "ANCHORS",
    "FACTS",
    "WITH_FACTS",
    "Beside",
    "Budget",
    "Columns",
    "Data",
    "Fill",
    "Frequency",
    "Packing",
    "Reader",
    "Truncation",
    "as_read",
    "beside",
    "check_task",
    "collate",
    "collate_groups",
    "corrupted",
    "has_scores",
    "load",
    "masked",
    "match_labels",
    "max_length_of",
    "most_texts",
    "pack",
    "paired",
    "redrawn",
    "scaled",
    "sentences",
    "split",
    "strings_of",
    "successive",
    "texts_of_rows",
    "tokenise",
    "tokenise_groups",
    "unfilled",
    "varied",
    "with_facts",
]
