"""The built-in world: opinions on everyday things (made by rule), and a graph of everyday doings with questions about it."""

from hodu.demo.world.data import rows_of_questions, training_data, training_graph
from hodu.demo.world.opinions import LABELS, Sentence, World, make_world, write_world
from hodu.demo.world.questions import (
    GRAPH_FILE,
    NAMESPACE,
    OtherQuestion,
    Question,
    read_other_questions,
    read_questions,
)
from hodu.demo.world.training import training_questions

__all__ = [
    "GRAPH_FILE",
    "LABELS",
    "NAMESPACE",
    "OtherQuestion",
    "Question",
    "Sentence",
    "World",
    "make_world",
    "read_other_questions",
    "read_questions",
    "rows_of_questions",
    "training_data",
    "training_graph",
    "training_questions",
    "write_world",
]
