"""rival: a further encoder for the baselines, mBERT (Table 1) or the masked LM trained on (Table 7)."""

from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.sections import RivalSection
from benchmark.stages.masking import obtain
from benchmark.tracking import Store


class Settings(Section):
    """What the stage reads of params.yaml."""

    rival: RivalSection


def rival(settings: Settings, *, task: str, name: str, layout: Layout, store: Store) -> None:
    """Write the encoder; an interrupted training goes on where it was last saved."""
    obtain(
        settings.rival.encoder,
        layout.rival(task, name),
        task=task,
        system=f"masked LM {name}",
        stage="rival",
        layout=layout,
        store=store,
    )
