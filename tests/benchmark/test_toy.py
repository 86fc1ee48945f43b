"""The toy languages: reproducible, valid, and each dial does what it says."""

import os
import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from seqeval.metrics import f1_score

import benchmark.toy.sentences
from benchmark.toy import Family, Language, ToyWorld, bag_of_words, majority_tagger
from benchmark.toy.meaning import FRAMES, Clause, Entity, Kind, Noun, Particle, Sentence
from benchmark.toy.names import KNOWN
from benchmark.toy.surface import Surface
from tests.benchmark.toy_world import FAMILY, WORLD, sentences
from uxla.examples import Corpus, Example
from uxla.randomness import generator
from uxla.tasks import TASKS

CODES = [language.code for language in FAMILY]
LABELS = TASKS["xner"].labels
BUY = next(i for i, frame in enumerate(FRAMES) if frame.gloss == "buy")
DIGEST = """
from tests.benchmark.toy_world import sentences
print([sentences(3, code, "dev", 30).digest for code in ("qaa", "qac", "qad")])
"""


def changed(section: str, world: ToyWorld = WORLD, **values: object) -> ToyWorld:
    """A world with other numbers in one section."""
    data = world.model_dump()
    data[section] |= values
    return ToyWorld.model_validate(data)


def of_language(code: str, **values: object) -> Language:
    return Language.model_validate(WORLD.languages[code].model_dump() | values)


def tags(classes: list[tuple[int, ...]]) -> list[list[str]]:
    return [[LABELS[c] for c in some] for some in classes]


def labelled(corpus: Corpus) -> list[tuple[str, str]]:
    """All words with their labels."""
    return [
        (word, LABELS[c])
        for example in corpus
        for word, c in zip(example.texts[0], example.classes or (), strict=True)
    ]


def spoken(language: Language, clause: Clause) -> list[str]:
    """A clause in a language, without the full stop and in lower case."""
    surface = Surface(language, Family(WORLD, 1).lexicon(language))
    return [word.lower() for word, _ in surface.tokens(Sentence(clause))[:-1]]


def placed(language: Language) -> str:
    """Order of S, V and O in a sentence like `It bought them`."""
    firm, other = (Entity(Kind.GROUP, (name,), None, None) for name in (0, 1))
    words = spoken(language, Clause((BUY, 0), firm, other))
    lexicon = Family(WORLD, 1).lexicon(language)
    stems = {
        lexicon.names[0].lower(): "S",
        lexicon.verbs[BUY][0].lower(): "V",
        lexicon.names[1].lower(): "O",
    }
    roles = [role for word in words for stem, role in stems.items() if word.startswith(stem)]
    return "".join(roles)


# The same every time.


def test_every_process_generates_the_same_sentences() -> None:
    digests = [
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path.cwd())},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    here = [sentences(3, code, "dev", 30).digest for code in ("qaa", "qac", "qad")]
    assert digests == [f"{here}\n"] * 2


def test_fewer_sentences_are_a_prefix_of_more() -> None:
    more = sentences(1, "qab", "train", 50)
    assert sentences(1, "qab", "train", 20).digest == more.select(range(20)).digest


def test_seeds_languages_and_splits_have_different_sentences() -> None:
    corpora = [
        sentences(seed, code, split, 20)
        for seed, code, split in ((1, "qaa", "dev"), (2, "qaa", "dev"), (1, "qaa", "test"))
    ]
    texts = {tuple(example.texts for example in corpus) for corpus in corpora}
    assert len(texts) == 3


def test_sentences_of_one_language_do_not_depend_on_the_others() -> None:
    alone = ToyWorld.model_validate(
        WORLD.model_dump() | {"languages": {"qac": WORLD.languages["qac"].model_dump()}}
    )
    there = sentences(1, "qac", "dev", 20, world=alone)
    assert there.digest == sentences(1, "qac", "dev", 20).digest


# Valid.


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("code", CODES)
def test_every_seed_gives_valid_spans(seed: int, code: str) -> None:
    for example in sentences(seed, code, "test", 200):
        previous = "O"
        for word, c in zip(example.texts[0], example.classes or (), strict=True):
            label = LABELS[c]
            assert word
            assert not any(character.isspace() for character in word)
            if label.startswith("I-"):
                assert previous in (label, f"B-{label[2:]}")
            previous = label


def test_ids_name_language_split_and_place() -> None:
    assert sentences(1, "qab", "train", 13).ids[12] == "qab-train-00012"


@pytest.mark.parametrize("code", CODES)
def test_sentences_are_short_on_average_and_some_are_long_or_name_nothing(code: str) -> None:
    corpus = list(sentences(1, code, "test", 1000))
    lengths = [len(example.texts[0]) for example in corpus]
    assert WORLD.syntax.shortest <= min(lengths) <= 4
    assert 20 < max(lengths) <= WORLD.syntax.longest
    assert 7 <= np.mean(lengths) <= 10
    assert 0.15 <= np.mean([not any(example.classes or ()) for example in corpus]) <= 0.35


def test_capitals_give_no_entity_away() -> None:
    pairs = labelled(sentences(1, "qaa", "train", 1000))
    outside = {label == "O" for word, label in pairs if word[0].isupper()}
    assert outside == {True, False}
    lower = {word for word, _ in pairs if word.islower()}
    assert {word.lower() for word, label in pairs if label != "O"} & lower


def test_all_four_types_occur_with_long_spans() -> None:
    assert {label for _, label in labelled(sentences(1, "qaa", "train", 500))} == set(LABELS)


# The dials of a language.


@pytest.mark.parametrize("order", ["SVO", "SOV", "VSO"])
def test_word_order_places_subject_verb_and_object(order: str) -> None:
    assert placed(of_language("qab", word_order=order)) == order


@pytest.mark.parametrize("side", ["before", "after"])
def test_adpositions_stand_on_their_side(side: str) -> None:
    language = of_language("qab", adpositions=side)
    within = Family(WORLD, 1).lexicon(language).particles[Particle.IN]
    offset = -1 if side == "before" else 1
    years = 0
    for example in sentences(1, language, "dev", 300):
        words = [word.lower() for word in example.texts[0]]
        for i, word in enumerate(words):
            if word.isdigit() and int(word) >= 1900:
                years += 1
                assert words[i + offset] == within
    assert years > 5


@pytest.mark.parametrize("side", ["before", "after"])
def test_adjectives_and_articles_stand_on_their_side(side: str) -> None:
    language = of_language("qab", adjectives=side, articles=side, script="latin")
    lexicon = Family(WORLD, 1).lexicon(language)
    noun = Noun(Kind.THING, 0, 0, None, plural=False, definite=True, relative=None)
    head, adjective = lexicon.nouns[Kind.THING][0], lexicon.adjectives[0]
    article, copula = lexicon.particles[Particle.THE], lexicon.particles[Particle.IS]
    phrase = [article, adjective, head] if side == "before" else [head, adjective, article]
    assert spoken(language, Clause(None, noun, adjective=1))[:4] == [*phrase, copula]


def test_rich_morphology_marks_the_case_of_names() -> None:
    firm = Entity(Kind.GROUP, (0,), None, None)
    for code in ("qaa", "qab", "qac"):
        lexicon = Family(WORLD, 1).lexicon(code)
        case = lexicon.suffixes["subject"] if code == "qac" else ""
        words = spoken(WORLD.languages[code], Clause((BUY, 0), firm))
        assert words[0] == lexicon.names[0].lower() + case


def test_a_particle_marks_objects_where_the_language_has_one() -> None:
    firm = Entity(Kind.GROUP, (0,), None, None)
    clause = Clause((BUY, 0), firm, firm)
    lengths = [len(spoken(of_language("qad", object_particle=marked), clause)) for marked in (False, True)]
    assert lengths == [3, 4]


@pytest.mark.parametrize("code", CODES)
def test_a_language_shares_its_share_of_names_and_words(code: str) -> None:
    family, language = Family(WORLD, 1), WORLD.languages[code]
    source, other = family.lexicon("qaa"), family.lexicon(code)
    same = [a == b for a, b in zip(source.names, other.names, strict=True)]
    assert np.mean(same) == pytest.approx(language.common_names, abs=0.02)
    unchanged = family.lexicon(of_language(code, sound_changes=0))
    pairs = [
        (a, b)
        for frame, verbs in enumerate(source.verbs)
        for a, b in zip(verbs, unchanged.verbs[frame], strict=True)
    ]
    cognates = np.mean([a == b for a, b in pairs])
    assert cognates == pytest.approx(language.cognates, abs=0.06)


def test_a_larger_share_of_names_only_adds_names() -> None:
    family = Family(WORLD, 1)
    shared = []
    for share in (0.2, 0.4, 0.8):
        names = family.lexicon(of_language("qab", common_names=share)).names
        source = family.lexicon("qaa").names
        shared.append({a for a, b in zip(source, names, strict=True) if a == b})
    assert shared[0] < shared[1] < shared[2]


@pytest.mark.parametrize("script", ["cyrillic", "georgian"])
def test_another_script_shares_only_common_names_digits_and_punctuation(script: str) -> None:
    language = of_language("qad", script=script)
    source = set(Family(WORLD, 1).lexicon("qaa").names)
    n_latin = 0
    for word, label in labelled(sentences(1, language, "test", 500)):
        scripts = {unicodedata.name(c).split()[0] for c in word if c.isalpha()}
        assert len(scripts) <= 1
        if scripts == {"LATIN"}:
            n_latin += 1
            assert label != "O"
            assert word in source
        else:
            assert scripts <= {script.upper()}
    assert n_latin > 50


def test_the_low_resource_language_has_a_hundred_training_sentences() -> None:
    assert len(sentences(1, "qae", "train", 100)) == 100
    with pytest.raises(ValueError, match="qae has 100 train sentences, was: 101"):
        sentences(1, "qae", "train", 101)


# The dials of the world.


def name_tokens(split: str, world: ToyWorld = WORLD) -> list[int]:
    """The names in a split of the source language, as places in the inventory."""
    names = Family(world, 1).lexicon("qaa").names
    place = {name: i for i, name in enumerate(names)}
    pairs = labelled(sentences(1, "qaa", split, 1500, world=world))
    return [place[word] for word, label in pairs if label != "O" and word in place]


@pytest.mark.parametrize("share", [0.0, 0.25, 0.6])
def test_the_unseen_share_of_test_names_does_not_occur_in_training(share: float) -> None:
    world = changed("names", unseen_share=share)
    own = set(Family(world, 1).inventory.pools["test"])
    tested = name_tokens("test", world)
    assert np.mean([name in own for name in tested]) == pytest.approx(share, abs=0.03)
    assert not own & set(name_tokens("train", world))


@pytest.mark.parametrize("share", [0.0, 0.45, 0.9])
def test_the_ambiguous_share_of_names_has_further_types(share: float) -> None:
    world = changed("names", ambiguous_share=share)
    kinds = Family(world, 1).inventory.kinds
    measured = np.mean([len(kinds[name]) > 1 for name in name_tokens("train", world)])
    assert measured == pytest.approx(share, abs=0.03)


def test_ambiguous_names_occur_with_several_types() -> None:
    family = Family(WORLD, 1)
    types = defaultdict(set)
    for word, label in labelled(sentences(1, "qaa", "train", 3000)):
        types[word].add(label[2:])
    names = family.lexicon("qaa").names
    known = [names[i] for i in family.inventory.pools[KNOWN]]
    assert np.mean([len(types[name] - {""}) > 1 for name in known]) > 0.3


def test_without_names_for_arguments_there_are_no_entities() -> None:
    world = changed("syntax", entity_share=0.0, neutral_share=0.0)
    assert {label for _, label in labelled(sentences(1, "qac", "dev", 100, world=world))} == {"O"}


def test_settings_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValidationError, match="entity_shares"):
        changed("syntax", entity_shares=0.5)
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        changed("names", unseen_share=25)
    with pytest.raises(ValidationError, match=r"languages\.qab\.code must be qab, was: qac"):
        changed("languages", qab=WORLD.languages["qac"].model_dump())
    with pytest.raises(ValidationError, match=r"syntax\.shortest must be at most .*, was: 30 and 20"):
        changed("syntax", shortest=30, longest=20)


def test_a_kind_without_a_name_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^names must leave some for every kind: .*lower names\.acronym_share$"
    ):
        sentences(1, "qaa", "train", 50, world=changed("names", acronym_share=1.0))


def test_requests_outside_the_world_are_refused() -> None:
    with pytest.raises(ValueError, match="must be one of qaa, qab, qac, qad, qae, was: 'en'"):
        sentences(1, "en", "train", 1)
    with pytest.raises(ValueError, match="must be one of text, train, dev, test, was: 'valid'"):
        sentences(1, "qaa", "valid", 1)
    with pytest.raises(ValueError, match="at least 1, was: 0"):
        sentences(1, "qaa", "train", 0)


def test_the_world_survives_being_written_down() -> None:
    assert ToyWorld.model_validate_json(WORLD.model_dump_json()) == WORLD


# Cost and difficulty.


def test_a_sentence_takes_one_generator_and_about_one_block_of_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = {"generators": 0, "blocks": 0}

    class Counted:
        def __init__(self, seed: int, *purpose: str | int) -> None:
            calls["generators"] += 1
            self._generator = generator(seed, *purpose)

        def random(self, n: int) -> np.ndarray[Any, Any]:
            calls["blocks"] += 1
            return self._generator.random(n)

    monkeypatch.setattr(benchmark.toy.sentences, "generator", Counted)
    sentences(1, "qaa", "text", 500)
    assert calls["generators"] == 500
    assert calls["blocks"] < 1.5 * 500


def test_the_majority_tagger_knows_only_words() -> None:
    train = Corpus.of([Example("a", "qaa", (("X", "y", "X"),), (1, 0, 3)),
                       Example("b", "qaa", (("X",),), (3,))])  # fmt: skip
    test = Corpus.of([Example("c", "qab", (("z", "X", "y"),), (0, 1, 0))])
    assert majority_tagger(train, test) == [(0, 3, 0)]


@pytest.mark.parametrize(
    ("code", "most"), [("qaa", 0.6), ("qab", 0.35), ("qac", 0.2), ("qad", 0.15), ("qae", 0.15)]
)
def test_memorising_words_does_not_solve_a_language(code: str, most: float) -> None:
    train, test = sentences(1, "qaa", "train", 2000), sentences(1, code, "test", 500)
    gold = tags([example.classes or () for example in test])
    assert 0.02 < f1_score(gold, tags(majority_tagger(train, test))) < most


# Pairs


def pairs(task: str, code: str, split: str = "train", count: int = 1500) -> Corpus:
    return Family(WORLD, 3).pairs(code, task=TASKS[task], split=split, count=count)


def linear_accuracy(task: str, sides: tuple[int, ...]) -> float:
    """What a linear classifier of bags of words makes of the given sides of unseen pairs, in percent."""
    train, test = pairs(task, "qaa", count=3000), pairs(task, "qaa", "test", count=1000)
    guesses = bag_of_words(train, test, sides)
    return 100 * float(np.mean(np.array(guesses) == np.array(test.classes)))


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_pairs_are_drawn_anew_in_every_language_and_split(task: str) -> None:
    seen = [
        e.texts for code in ("qaa", "qab") for split in ("train", "dev") for e in pairs(task, code, split, 50)
    ]
    assert len(set(seen)) > 0.95 * len(seen)
    assert pairs(task, "qab", count=20).digest == pairs(task, "qab", count=30).select(range(20)).digest


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_every_label_is_about_as_frequent(task: str) -> None:
    counts = Counter(int(classes[0]) for classes in pairs(task, "qaa").classes)
    assert len(counts) == TASKS[task].n_classes
    assert min(counts.values()) > 0.85 * 1500 / TASKS[task].n_classes


@pytest.mark.parametrize("code", [language.code for language in FAMILY])
def test_paraphrases_and_others_have_the_same_words(code: str) -> None:
    """Without regard to order, capitals and the comma that sets off what stands first."""
    for example in pairs("pawsx", code, "dev", 300):
        first, second = (Counter(w.lower() for w in text if w != ",") for text in example.texts)
        if WORLD.languages[code].morphology != "rich":  # case endings tell who acts
            assert first == second
        assert example.texts[0] != example.texts[1]


@pytest.mark.slow
@pytest.mark.parametrize("sides", [(0, 1), (0,), (1,)])
@pytest.mark.parametrize(("task", "most"), [("pawsx", 55), ("xnli", 40)])
def test_words_without_their_order_tell_next_to_nothing(
    task: str, sides: tuple[int, ...], most: float
) -> None:
    """Chance is 50 for paraphrases, 33 for inference."""
    assert linear_accuracy(task, sides) < most


def judged(task: str, code: str = "qaa", split: str = "train") -> Iterator[tuple[str, list[list[str]]]]:
    """Label and lower-case words of both sides of some pairs."""
    for example in pairs(task, code, split):
        label = TASKS[task].labels[(example.classes or ())[0]]
        yield label, [[word.lower() for word in text] for text in example.texts]


def test_what_contradicts_has_the_other_polarity() -> None:
    negation = Family(WORLD, 3).lexicon("qaa").negation
    found = Counter[tuple[str, bool]]()
    for label, (premise, hypothesis) in judged("xnli"):
        found[label, (negation in premise) == (negation in hypothesis)] += 1
    assert found["entailment", False] == found["neutral", False] == found["contradiction", True] == 0


def test_what_follows_says_nothing_new_and_what_is_neutral_does() -> None:
    new = Counter[str]()
    for label, (premise, hypothesis) in judged("xnli"):
        if label != "contradiction":
            new[label] += not set(hypothesis) <= {*premise, ","}
    assert new["entailment"] == 0
    assert new["neutral"] > 400


def test_a_sentence_on_its_own_is_as_often_negated_and_as_long_whatever_the_class() -> None:
    negation = Family(WORLD, 3).lexicon("qaa").negation
    for side in (0, 1):
        words = {label: [] for label in TASKS["xnli"].labels}
        for label, both in judged("xnli"):
            words[label].append(both[side])
        shares = [np.mean([negation in text for text in texts]) for texts in words.values()]
        lengths = [np.mean([len(text) for text in texts]) for texts in words.values()]
        assert max(shares) - min(shares) < 0.08
        assert max(lengths) - min(lengths) < 0.7


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_raw_text_hangs_together_more_often_than_what_is_to_be_judged(task: str) -> None:
    follows = {"xnli": "entailment", "pawsx": "paraphrase"}[task]
    text, train = (
        np.mean([label == follows for label, _ in judged(task, split=split)]) for split in ("text", "train")
    )
    chance = 1 / TASKS[task].n_classes
    share = WORLD.syntax.coherent_share
    assert train == pytest.approx(chance, abs=0.05)
    assert text == pytest.approx(share + (1 - share) * chance, abs=0.05)


def test_sentences_of_one_text_are_never_negated() -> None:
    negation = Family(WORLD, 3).lexicon("qab").negation
    for example in Family(WORLD, 3).sentences("qab", split="train", count=500):
        assert negation not in {word.lower() for word in example.texts[0]}
