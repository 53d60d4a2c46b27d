"""In: a model folder. Out: files that a phone runs, a report of how far they answer alike, and a page to try them on.

Nothing is imported here: a bundle is run (:mod:`hodu.exporting.running`) and served (:mod:`hodu.exporting.preview`) without torch.
"""
