"""Tokenizers: opened, or one of the kind of XLM-R or of BERT trained on any text."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, BertTokenizer, PreTrainedTokenizerFast, XLMRobertaTokenizer

WORD_START = "\u2581"
"""How SentencePiece marks a piece that begins a word; WordPiece marks the others, by `##`."""

_FILES = ("config.json", "*token*", "vocab*", "merges.txt", "*.model")
"""Files that transformers makes a tokenizer from."""


def open_tokenizer(source: str | Path, *, revision: str = "main") -> PreTrainedTokenizerFast:
    """A tokenizer from a folder or from the hub; how it was fetched is not saved with it again.

    Equal files are read once, which takes seconds where pieces are many: what is returned must stay as it is.

    Raises:
        ValueError: there is none of the fast kind.
    """
    return _open(_Origin(_content(source), source, revision))


@dataclass(frozen=True)
class _Origin:
    """Where a tokenizer is; two are equal if they have the same content."""

    content: str
    source: str | Path = field(compare=False)
    revision: str


def _content(source: str | Path) -> str:
    """A digest of those files of a folder that may tell of a tokenizer, else the name on the hub."""
    whole = hashlib.sha256(b"" if Path(source).is_dir() else str(source).encode())
    for path in sorted({path for pattern in _FILES for path in Path(source).glob(pattern)}):
        whole.update(f"{path.name} {path.stat().st_size} ".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


@lru_cache(maxsize=2)
def _open(origin: _Origin) -> PreTrainedTokenizerFast:
    source = origin.source
    tokenizer = AutoTokenizer.from_pretrained(source, revision=origin.revision)
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ValueError(f"{source}: expected a fast tokenizer, was: {type(tokenizer).__name__}")
    for key in ("is_local", "local_files_only"):
        tokenizer.init_kwargs.pop(key, None)
    return tokenizer


def train_tokenizer(sentences: Iterable[str], *, vocabulary: int) -> XLMRobertaTokenizer:
    """A Unigram tokenizer of at most `vocabulary` pieces; the same sentences give the same pieces.

    Half the pieces are subwords found by the trainer. It sees every distinct word once and takes
    only strings that occur twice, so it misses whole words; the most frequent of those fill the
    other half, with the log of their relative frequency as score.

    Raises:
        ValueError: the vocabulary does not hold twice the characters of the sentences.
    """
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    trainer = trainers.UnigramTrainer(
        vocab_size=vocabulary // 2, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    words = Counter[str]()
    try:
        backend.train_from_iterator(_counted(sentences, words), trainer)
    except Exception as error:
        # The trainer has no other.
        characters = len({character for word in words for character in word})
        raise ValueError(
            f"vocabulary must have more than two pieces for each of {characters} characters in the texts, "
            f"was: {vocabulary}"
        ) from error
    found = dict(json.loads(backend.to_str())["model"]["vocab"][len(special) :])
    # The trainer goes twice by the order of a hash table. Its sums are equal to ten digits, not to the
    # last bit; and characters that are no good piece come last, each 0.0001 likelier than the one before.
    lowest = min(found.values(), default=0.0)
    added = lowest + 0.0001 * sum(len(piece) == 1 for piece in found)
    scores = {p: round(lowest if len(p) == 1 and s <= added else s, 3) for p, s in found.items()}
    n_words = words.total()
    for word, count in sorted(words.items(), key=lambda item: (-item[1], item[0])):
        # The mask token takes the last place of the vocabulary.
        if len(scores) + len(special) + 1 >= vocabulary or count < 2:
            break
        piece = WORD_START + backend.normalizer.normalize_str(word)
        scores[piece] = max(scores.get(piece, -math.inf), round(math.log(count / n_words), 3))
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    return XLMRobertaTokenizer(vocab=[*((name, 0.0) for name in special), *ranked], model_max_length=512)


def train_word_pieces(sentences: Sequence[str], *, vocabulary: int) -> BertTokenizer:
    """A cased WordPiece tokenizer of at most `vocabulary` pieces; the same sentences give the same pieces.

    They are the characters, and the likeliest pieces of the Unigram tokenizer, as WordPiece writes them:
    its own trainer gives other pieces in every process.
    """
    unigram = train_tokenizer(sentences, vocabulary=vocabulary)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    characters = sorted({character for sentence in sentences for character in sentence} - {" "})
    ranked = unigram.convert_ids_to_tokens(sorted(set(range(len(unigram))) - set(unigram.all_special_ids)))
    pieces = [*characters, *(f"##{character}" for character in characters)]
    pieces += [
        piece.removeprefix(WORD_START) if piece.startswith(WORD_START) else f"##{piece}" for piece in ranked
    ]
    chosen = list(dict.fromkeys([*special, *(piece for piece in pieces if piece not in ("", "##"))]))
    ids = {piece: index for index, piece in enumerate(chosen[:vocabulary])}
    return BertTokenizer(vocab=ids, do_lower_case=False, strip_accents=False, model_max_length=512)


def _counted(sentences: Iterable[str], words: Counter[str]) -> Iterator[str]:
    for sentence in sentences:
        words.update(sentence.split())
        yield sentence
