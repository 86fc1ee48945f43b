"""Where every artefact lives: the paths that dvc.yaml states."""

from dataclasses import dataclass
from pathlib import Path

ALL = "all"
"""What stands for a language where the data of all languages of a task are put together."""


@dataclass(frozen=True)
class Layout:
    """Paths of one profile below a root."""

    profile: str
    root: Path = Path()

    @property
    def language_model(self) -> Path:
        """The masked LM that the profile pretrains."""
        return self.root / "models" / self.profile / "language_model"

    def state(self, name: str, version: str) -> Path:
        """What an interrupted stage resumes from, by a digest of what it makes; no output of any stage."""
        return self.root / "state" / self.profile / name / version

    @property
    def data_lock(self) -> Path:
        """What was fetched, by commit and SHA-256: one file for all profiles, kept in git."""
        return self.root / "data.lock.json"

    def manifest(self, task: str) -> Path:
        """Where the data of a task came from, and what they hold; as a table in `manifest.md`."""
        return self.root / "data" / self.profile / task / "manifest.json"

    def text(self, task: str, language: str) -> Path:
        """Raw text of a language to pretrain on."""
        return self.root / "data" / self.profile / "text" / task / f"{language}.parquet"

    def corpus(self, task: str, language: str, part: str) -> Path:
        """One part of a language's data.

        `unlabelled` and `labelled` are the training split, `dev` and `test` are labelled, `test_text`
        is `test` without its labels. Only stages that train nothing (evaluate, analyse) open `test`, and a
        target's `labelled` beside supervise. The language `all` has
        `labelled` and `dev` of all languages: the TRANSLATE-TRAIN-ALL corpora of Tables 3 and 4.
        """
        return self.root / "data" / self.profile / task / language / f"{part}.parquet"

    def vicinal(self, task: str, language: str) -> Path:
        """The vicinal examples of one language."""
        return self.root / "data" / self.profile / "vicinal" / task / f"{language}.parquet"

    def warmed_up(self, task: str, objective: str) -> Path:
        """The models trained on the source, a folder a seed."""
        return self.root / "models" / self.profile / task / objective

    def supervised(self, task: str, language: str) -> Path:
        """The models trained on the target's own labels, a folder a seed."""
        return self.root / "models" / self.profile / task / "supervised" / language

    def rival(self, task: str, name: str) -> Path:
        """A further encoder that baselines of a task are built on."""
        return self.root / "models" / self.profile / "rivals" / task / name

    def baseline(self, task: str, system: str) -> Path:
        """The models of a further baseline, a folder a seed."""
        return self.root / "models" / self.profile / task / "baselines" / system

    def tagger(self, task: str, language: str) -> Path:
        """The LSTM-CRF of one language, a folder a seed."""
        return self.baseline(task, "lstm_crf") / language

    def adapted(self, task: str, language: str) -> Path:
        """The models of UXLA, a folder a seed, and their lessons; below `repeats`, those of further runs."""
        return self.root / "models" / self.profile / task / "uxla" / language

    def repeated(self, task: str, language: str, number: int) -> Path:
        """The same of a further run of Algorithm 1, the second being number 2."""
        return self.adapted(task, language) / "repeats" / str(number)

    def ablations(self, task: str, target: str) -> Path:
        """What every row of Table 5 came to: a folder a row, of lessons and of predictions."""
        return self.root / "predictions" / self.profile / "ablations" / task / target

    def transfers(self, task: str, target: str) -> Path:
        """What the models adapted to a target predict in every language, a file a language (Table 6)."""
        return self.root / "predictions" / self.profile / "transfers" / task / target

    def samples(self, task: str, target: str) -> Path:
        """Points of the scatter plots and histograms of Figures 3 and 4."""
        return self.root / "predictions" / self.profile / "samples" / task / target

    def analyses(self, task: str, target: str) -> Path:
        """What the analysis of one target found (section 4 of the paper)."""
        return self.root / "results" / self.profile / "analyses" / task / f"{target}.json"

    def predictions(self, task: str, language: str) -> Path:
        """Predicted classes on the test split, a file a system."""
        return self.root / "predictions" / self.profile / task / language

    def cells(self, task: str, language: str) -> Path:
        """The scores of every system in one language."""
        return self.root / "results" / self.profile / "cells" / task / f"{language}.json"

    def contrasts(self, task: str) -> tuple[Path, Path]:
        """What the further baselines predict, and their scores: a folder each, as those of the systems."""
        predictions = self.root / "predictions" / self.profile / "baselines" / task
        return predictions, self.root / "results" / self.profile / "cells" / task / "baselines"

    def tables(self) -> Path:
        """The folder of the profile's tables."""
        return self.root / "results" / self.profile

    def figures(self, task: str) -> Path:
        """The figures of the analyses of a task."""
        return self.tables() / "figures" / task
