"""prepare: fetch or generate every split of one task and keep labels apart from text."""

from benchmark.census import as_table, census
from benchmark.data import HubData, ToyData
from benchmark.fields import Labels, Section
from benchmark.layout import ALL, Layout
from benchmark.progress import bar
from benchmark.sources import as_json, read_data, text_of
from benchmark.tracking import Store
from benchmark.variants import task_of
from uxla.examples import Corpus, joined
from uxla.files import write_text


class Settings(Section):
    """What the stage reads of params.yaml."""

    data: ToyData | HubData
    source: str
    supervised_on: Labels


def prepare(settings: Settings, *, task: str, layout: Layout, store: Store) -> None:
    """Write unlabelled and labelled training text, dev, test and raw text of every language of the data."""
    languages = [settings.source, *(name for name in settings.data.codes if name != settings.source)]
    # All is read before anything is written: a bad file leaves nothing behind.
    readings = read_data(settings.data, task_of(task), languages, lock=layout.data_lock)
    manifest = {language: census(readings[language], task_of(task)) for language in bar(languages, "census")}
    parts: dict[tuple[str, str], Corpus] = {}
    text: dict[str, Corpus] = {}
    for language, splits in readings.items():
        train = splits["train"].corpus
        parts |= {(language, "labelled"): train, (language, "unlabelled"): train.unlabelled()}
        parts |= {(language, split): splits[split].corpus for split in ("dev", "test")}
        parts[language, "test_text"] = splits["test"].corpus.unlabelled()
        text[language] = text_of(settings.data, task_of(task), language, splits["train"])
    if settings.supervised_on == "all":
        for part in ("labelled", "dev"):
            parts[ALL, part] = joined([parts[language, part] for language in languages])
    with store.cell(profile=layout.profile, task=task, system="data", language="all", stage="prepare") as run:
        run.log_parameters({"data": settings.data.model_dump(mode="json", exclude={"world"})})
        for (language, part), corpus in parts.items():
            path = layout.corpus(task, language, part)
            corpus.save(path)
            if not part.startswith("test"):
                run.log_corpus(corpus, name=f"{language} {part}", context=part, source=path)
        for language, corpus in text.items():
            corpus.save(layout.text(task, language))
        for suffix, page in {".json": as_json(manifest), ".md": as_table(manifest) + "\n"}.items():
            path = layout.manifest(task).with_suffix(suffix)
            write_text(path, page)
            run.log_text(page, path.name)
