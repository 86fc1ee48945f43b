"""A generated family of toy languages for the smoke profile, in place of the data of UXLA §3.1.

Every sentence is a function of (seed, language, split, index) and of the numbers in a `ToyWorld`.
Read `world` for the dials, `meaning` for what sentences say, `surface` for how languages say
it, and `sentences` for the corpora.
"""

from benchmark.toy.baseline import bag_of_words, majority_tagger
from benchmark.toy.sentences import Family
from benchmark.toy.world import Language, ToyWorld

__all__ = ["Family", "Language", "ToyWorld", "bag_of_words", "majority_tagger"]
