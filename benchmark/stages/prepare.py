"""prepare: fetch or generate every split of one task and keep labels apart from text."""

from typing import Any

from benchmark.layout import Layout
from benchmark.progress import bar
from benchmark.sections import HubData, Section, ToyData
from benchmark.sources import SPLITS, as_json, manifest_entry, read_split, read_text, revision
from uxla.examples import Corpus
from uxla.files import write_text
from uxla.tasks import TASKS


class Settings(Section):
    """What the stage reads of params.yaml."""

    data: ToyData | HubData
    source: str
    languages: tuple[str, ...]


def prepare(settings: Settings, *, task: str, layout: Layout) -> None:
    """Write, for every language, unlabelled and labelled training text, dev, test and pretraining text."""
    manifest: dict[str, dict[str, Any]] = {}
    parts: dict[tuple[str, str], Corpus] = {}
    # All is read before anything is written: a bad file leaves nothing behind.
    for language in bar([settings.source, *settings.languages], "prepare"):
        splits = {
            s: read_split(settings.data, TASKS[task], language, s, is_source=language == settings.source)
            for s in SPLITS
        }
        text = read_text(settings.data, TASKS[task], language)
        parts |= {(language, "labelled"): splits["train"], (language, "dev"): splits["dev"]}
        parts |= {(language, "unlabelled"): splits["train"].unlabelled(), (language, "text"): text}
        parts[language, "test"] = splits["test"]
        manifest[language] = {
            "revision": revision(settings.data, language),
            "text": manifest_entry(text),
            **{name: manifest_entry(corpus) for name, corpus in splits.items()},
        }
    for (language, part), corpus in parts.items():
        corpus.save(layout.corpus(task, language, part))
    write_text(layout.manifest(task), as_json(manifest))
