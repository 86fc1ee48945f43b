"""ablate: the first epoch of Algorithm 1 in other settings, from the same models (§4.1, Table 5)."""

import json
import shutil

from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.progress import bar
from benchmark.sections import AdaptationSection
from benchmark.stages.lessons import keep, load_models, measures, plan, transfer_data, transfer_paths, version
from benchmark.stages.observing import observe_text, open_watch
from benchmark.stages.versions import SAID, version_after
from benchmark.tracking import Store
from uxla.coteaching import CURRICULUM, Labels, co_teach, label
from uxla.devices import Precision, use_threads
from uxla.examples import Corpus
from uxla.files import remove, replacing, write_text


class Settings(Section):
    """What the stage reads of params.yaml."""

    threads: int | None
    source: str
    seeds: tuple[int, int, int]
    ablations: dict[str, AdaptationSection]
    ablated: tuple[str, ...]


def ablate(settings: Settings, *, task: str, target: str, layout: Layout, store: Store) -> None:
    """Write the settings, what each selects and then predicts; resumes with the one it was stopped in.

    In a target that is not to be ablated there are none.
    """
    use_threads(settings.threads)
    paths = transfer_paths(layout, task=task, source=settings.source, target=target)
    paths = {origin: paths[origin] for origin in CURRICULUM[EPOCH]}
    corpora = {origin: Corpus.load(path) for origin, path in paths.items()}
    watch = open_watch(layout, task=task, source=settings.source, target=target)
    warmed_up = layout.warmed_up(task, "confidence_penalty")
    watched = [*corpora.values(), *watch.dev.values(), watch.text]
    ablations = settings.ablations if target in settings.ablated else {}
    digest = version(ablations, watched, warmed_up, settings.seeds)
    state = layout.state(f"ablate-{task}-{target}", digest)
    missing = [name for name in ablations if not (state / name).is_dir()]
    known: dict[tuple[int, Precision], Labels] = {}
    for name in bar(missing, "ablations"):
        section = ablations[name]
        data = transfer_data(corpora, section, watch.dev, language_model=layout.language_model)
        cell = store.cell(
            profile=layout.profile, task=task, system=f"ablation {name}", language=target, stage="ablate"
        )
        with cell as run, replacing(state / name) as folder:
            run.log_parameters({"task": task, "adaptation": section.model_dump(mode="json")})
            run.log_dependencies(paths.values())
            models = load_models(warmed_up, settings.seeds, dropout=section.dropout)
            how = plan(section)
            # All begin with the same models: what these say is the same for all that read it alike.
            reading = (how.recipe.max_length, how.recipe.precision)
            if reading not in known:
                known[reading] = label(models, corpora, how.recipe, epoch=EPOCH)
            lessons = co_teach(models, data, how, epoch=EPOCH, seed=section.seed, labels=dict(known[reading]))
            for number, lesson in enumerate(lessons):
                keep(lesson, data, folder / "lessons", number)
                run.log(number, measures(lesson, data))
            observe_text(models, settings.seeds, watch.text, folder / "observed")
            run.log_version(version_after(folder, SAID))
    with replacing(layout.ablations(task, target)) as finished:
        for name in ablations:
            shutil.copytree(state / name, finished / name)
        settings_of_all = {name: section.model_dump(mode="json") for name, section in ablations.items()}
        write_text(finished / "settings.json", json.dumps(settings_of_all, indent=2) + "\n")
    remove(state.parent)


EPOCH = 1
"""The epoch of Table 5, which learns from Ds and D't."""
