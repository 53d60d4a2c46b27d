"""English words in the forms in which texts have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hodu.knowledge.compile import compile_graph
from hodu.knowledge.english import inflected
from hodu.knowledge.link import link
from tests.knowledge.small_graph import SmallGraph

FORMS = """
go goes went gone going|eat ate eaten|break broke broken|buy bought buying|think thought thinking|write wrote written writing|leave left leaving|win won|feel felt|bend bent
shake shook shaken|swear swore sworn|grind grinds grinding|wind wound|set setting|cut cutting|bake baked baking|fix fixed fixing|signal signalled|lie lay lain lying|dig dug digging
leaf leaves|shelf shelves|knife knives|life lives|half halves|person people|ox oxen|child children|mouse mice|datum data|axis axes|axe axes|city cities|potato potatoes
big bigger biggest|bad worse worst|hot hotter hottest|far further|good better best|moonwalker moonwalkers|blorby blorbies
blog blogs blogged blogging|reboot rebooted rebooting|text texted texting|dare dared daring|parent parented|vlog vlogging|skype skyped skyping
"""


@pytest.mark.parametrize("line", FORMS.strip().replace("\n", "|").split("|"))
def test_forms(line: str) -> None:
    """Somebody who ate has nothing to do with eating, and fallen leaves have nothing to do with a leaf."""
    word, *forms = line.split()
    assert set(forms) <= set(inflected(word)) and word not in inflected(word)


def test_a_form_of_two_words_means_either(tmp_path: Path) -> None:
    """A wound that was wound up is about the wound alone: a form that is a word too was kept for that word. But digging in the ground is not about grinding."""
    graph = SmallGraph()
    for word in ("wind", "wound", "leaf", "leave", "grind"):
        graph.add_label(word, word, "en")
    world = compile_graph(graph, tmp_path / "graph.hodu", progress=False)
    for text, meant in (("It was wound.", ["wound", "wind"]), ("It leaves.", ["leaf", "leave"])):
        (mention,) = link(world, text)
        assert [world.iri(one.entity) for one in mention.candidates] == meant
    assert not link(world, "There is a hole in the ground.")
