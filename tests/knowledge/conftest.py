"""A small graph of digging, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyoxigraph", reason="the extra hodu[knowledge] is not installed")

TOOLS = """
@prefix : <urn:hodu:entity:> .
@prefix rel: <urn:hodu:relation:> .
@prefix class: <urn:hodu:class:> .
@prefix hodu: <urn:hodu:> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .

class:Tool a rdfs:Class ; skos:prefLabel "tool"@en, "도구"@ko .
class:Machine a rdfs:Class ; rdfs:subClassOf class:Tool ; skos:prefLabel "machine"@en, "기계"@ko .
class:Doing a rdfs:Class ; skos:prefLabel "doing"@en, "일"@ko .

rel:usedFor a rdf:Property ; skos:prefLabel "used for"@en, "쓰임"@ko ;
    rdfs:domain class:Tool ; rdfs:range class:Doing ;
    hodu:template "{subject} is used for {object}"@en, "{subject}은(는) {object}에 쓰인다"@ko .
rel:purpose a rdf:Property ; skos:prefLabel "serves"@en, "목적"@ko ; owl:inverseOf rel:usedFor ;
    hodu:template "{subject} serves {object}"@en, "{subject}의 목적은 {object}이다"@ko .

:trowel a class:Tool ; skos:prefLabel "trowel"@en, "모종삽"@ko ; skos:altLabel "hand trowel"@en .
:excavator a class:Machine ; skos:prefLabel "excavator"@en, "굴착기"@ko ; skos:altLabel "포클레인"@ko .
:digging a class:Doing ; skos:prefLabel "digging"@en, "땅 파기"@ko .
:planting a class:Doing ; skos:prefLabel "planting flowers"@en, "꽃 심기"@ko .
:building a class:Doing ; skos:prefLabel "building a house"@en, "집 짓기"@ko .

:trowel rel:usedFor :digging {| hodu:weight 0.7 ; hodu:source "a gardener" |} , :planting .
:excavator rel:usedFor :digging, :building .
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """The graph as a Turtle file."""
    file = tmp_path / "tools.ttl"
    file.write_text(TOOLS, encoding="utf-8")
    return file
