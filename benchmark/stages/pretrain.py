"""pretrain: a tokenizer and a masked LM from the profile's own text, where no public one is used."""

from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.sections import LanguageModelSection, PublicModelSection
from benchmark.stages.masking import obtain
from benchmark.tracking import Store


class Settings(Section):
    """What the stage reads of params.yaml."""

    language_model: LanguageModelSection | PublicModelSection


def pretrain(settings: Settings, *, layout: Layout, store: Store) -> None:
    """Write the masked LM of the profile; an interrupted run goes on where it was last saved."""
    obtain(
        settings.language_model,
        layout.language_model,
        task="all",
        system="masked LM",
        stage="pretrain",
        layout=layout,
        store=store,
    )
