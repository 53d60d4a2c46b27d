"""In: files and hub sets. Out: texts with labels, splits, and padded batches of token ids."""

from hodu.data.load import load
from hodu.data.matching import match_labels
from hodu.data.splits import split
from hodu.data.tokenise import Truncation, collate, max_length_of, tokenise
from hodu.data.types import Columns, Data

__all__ = ["Columns", "Data", "Truncation", "collate", "load", "match_labels", "max_length_of", "split", "tokenise"]
