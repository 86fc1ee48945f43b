"""The settings of the toy world: what sets a language apart, and how often sentences do what."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

Share = Annotated[float, Field(ge=0, le=1)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Language(_Settings):
    """One language: its typology, and how much it shares with the source of the family."""

    code: Annotated[str, Field(pattern=r"^qa[a-z]$")]
    """ISO 639 code, from the range kept for private use."""
    name: str
    """A word on its place in the family, for people."""
    word_order: Literal["SVO", "SOV", "VSO"]
    """Order of subject, verb and object; also moves embedded clauses."""
    adpositions: Literal["before", "after"]
    """Side of the noun phrase; with it go relative pronouns and conjunctions of clauses."""
    adjectives: Literal["before", "after"]
    """Side of the noun; with it go titles, and the descriptive word inside a longer name."""
    articles: Literal["before", "after", "none"]
    """Side of the noun, or a language without articles."""
    morphology: Literal["none", "light", "rich"]
    """`light`: plural and past suffixes; `rich`: also case, on names too, and verb agreement."""
    object_particle: bool
    """Whether a particle marks objects, so that two names in a row can be told apart."""
    script: Literal["latin", "cyrillic", "georgian"]
    """Letters of the native words; Georgian has no capitals."""
    cognates: Share
    """Share of words inherited from the source language, through the sound changes."""
    common_names: Share
    """Share of name tokens spelled as in the source language, in Latin letters in any script."""
    sound_changes: Annotated[int, Field(ge=0, le=12)]
    """Number of consonants that a regular change has replaced in inherited words and names."""
    text_sentences: PositiveInt
    """Raw sentences there are to pretrain on."""
    train_sentences: PositiveInt
    """Training sentences there are: the low-resource language has few."""


class Words(_Settings):
    """Size and shape of the vocabulary, the same in every language."""

    nouns: Annotated[int, Field(ge=20)]
    """Nouns of each of the four kinds: persons, groups, places, things."""
    titles: PositiveInt
    """Nouns used only as titles of persons."""
    verbs: PositiveInt
    """Verbs of each frame, that is, of each selection of arguments."""
    adjectives: PositiveInt
    """Adjectives."""
    adverbs: PositiveInt
    """Adverbs."""
    calendar: PositiveInt
    """Words like Monday: capitalised, but not entities."""
    designators: PositiveInt
    """Nouns of each kind that also stand within names, as `Lake` does in `Lake Erie`."""
    zipf_exponent: Annotated[float, Field(ge=0)]
    """Words of rank r have a frequency proportional to 1 / (r + shift) ** exponent."""
    zipf_shift: Annotated[float, Field(ge=0)]
    """The shift in that law: larger means a flatter head."""


class Names(_Settings):
    """The inventory of name tokens, and how far a name gives its type away."""

    known: Annotated[int, Field(ge=80)]
    """Name tokens that occur in every split."""
    fresh: Annotated[int, Field(ge=80)]
    """Name tokens that occur in one split only, for each split."""
    zipf_exponent: Annotated[float, Field(ge=0)]
    """The exponent of the frequencies of names, in the law of `Words.zipf_exponent`."""
    unseen_share: Share
    """Share of the name tokens of a split that no other split has."""
    ambiguous_share: Share
    """Share of name tokens that also name entities of one or two other types."""
    three_way_share: Share
    """Share of the ambiguous names that have three types rather than two."""
    acronym_share: Share
    """Share of names that are acronyms: groups or things, spelled alike in every language."""
    homograph_share: Share
    """Share of known names that are, without the capital, a common noun."""


class Syntax(_Settings):
    """How often a sentence does what; every share is of the occasions to do it."""

    entity_share: Share
    """Arguments that are a name rather than a common noun, where the verb allows both."""
    neutral_share: Share
    """Clauses that say nothing on the types of their names: no tagger can be sure there."""
    noise_share: Share
    """Names of a type that the verb does not select, as in metonymy."""
    bare_share: Share
    """Clauses whose verb takes no names."""
    copula_share: Share
    """Clauses that say what kind of thing a name is."""
    second_name_share: Share
    """Names that go on with one more name token (so two more by its square)."""
    designator_share: Share
    """Names of groups, places and things with a descriptive word inside."""
    title_share: Share
    """Names with a title or a describing noun beside them, outside the entity."""
    coordination_share: Share
    """Names coordinated with one more name of their type (two more by its square)."""
    second_clause_share: Share
    """Sentences with a second clause, coordinated or subordinate."""
    relative_share: Share
    """Common nouns with a relative clause."""
    adjective_share: Share
    """Common nouns with an adjective."""
    count_share: Share
    """Common nouns counted in digits."""
    plural_share: Share
    """Uncounted common nouns in the plural."""
    definite_share: Share
    """Common nouns with the definite article, in languages with articles."""
    adverb_share: Share
    """Clauses with an adverb."""
    place_share: Share
    """Clauses with an added phrase of place."""
    time_share: Share
    """Clauses with a year or a day."""
    fronted_share: Share
    """Times that stand first in the clause."""
    past_share: Share
    """Clauses in the past tense."""
    coherent_share: Share
    """Pairs of raw text that are made to hang together; the others, as in training, are of any class."""
    shortest: Annotated[int, Field(ge=2)]
    """Words in the shortest sentence; what falls outside is drawn again."""
    longest: Annotated[int, Field(ge=10)]
    """Words in the longest sentence."""


class ToyWorld(_Settings):
    """Everything the sentences depend on except the seed."""

    words: Words
    """The vocabulary."""
    names: Names
    """The names."""
    syntax: Syntax
    """The sentences."""
    languages: dict[str, Language]
    """The languages by code; the first is the source."""

    @model_validator(mode="after")
    def _check(self) -> "ToyWorld":
        if not self.languages:
            raise ValueError("languages must have at least one entry, was: none")
        for code, language in self.languages.items():
            if code != language.code:
                raise ValueError(f"languages.{code}.code must be {code}, was: {language.code}")
        if self.words.designators > self.words.nouns // 2:
            raise ValueError(
                "words.designators must be at most half of words.nouns, "
                f"was: {self.words.designators} of {self.words.nouns}"
            )
        if self.names.homograph_share * self.names.known > 2 * self.words.nouns:
            raise ValueError(
                "names.homograph_share of names.known must be at most half of all nouns, "
                f"was: {self.names.homograph_share} of {self.names.known}"
            )
        if self.syntax.shortest > self.syntax.longest:
            raise ValueError(
                "syntax.shortest must be at most syntax.longest, "
                f"was: {self.syntax.shortest} and {self.syntax.longest}"
            )
        return self
