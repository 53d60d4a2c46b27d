"""In: triples and text. Out: facts beside the text. Works without torch."""
