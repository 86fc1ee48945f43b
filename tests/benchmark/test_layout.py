"""Every artefact has one place, of its own profile, and that is where dvc.yaml looks for it."""

from pathlib import Path

from benchmark.layout import Layout

LAYOUT = Layout("mini")


def places(layout: Layout) -> list[Path]:
    return [
        layout.language_model,
        layout.state("pretrain", "1a2b"),
        layout.data_lock,
        layout.manifest("xner"),
        layout.text("xner", "es"),
        layout.corpus("xner", "es", "dev"),
        layout.vicinal("xner", "es"),
        layout.warmed_up("xner", "cross_entropy"),
        layout.supervised("xner", "es"),
        layout.adapted("xner", "es"),
        layout.predictions("xner", "es"),
        layout.cells("xner", "es"),
        layout.tables(),
    ]


def test_the_paths_are_those_of_the_pipeline() -> None:
    assert [path.as_posix() for path in places(LAYOUT)] == [
        "models/mini/language_model",
        "state/mini/pretrain/1a2b",
        "data.lock.json",
        "data/mini/xner/manifest.json",
        "data/mini/text/xner/es.parquet",
        "data/mini/xner/es/dev.parquet",
        "data/mini/vicinal/xner/es.parquet",
        "models/mini/xner/cross_entropy",
        "models/mini/xner/supervised/es",
        "models/mini/xner/uxla/es",
        "predictions/mini/xner/es",
        "results/mini/cells/xner/es.json",
        "results/mini",
    ]


def test_no_two_artefacts_share_a_place() -> None:
    assert len(set(places(LAYOUT))) == len(places(LAYOUT))


def test_profiles_share_no_place_but_the_record_of_what_was_fetched() -> None:
    shared = set(places(LAYOUT)) & set(places(Layout("smoke")))
    assert shared == {LAYOUT.data_lock}


def test_everything_lies_below_the_root(tmp_path: Path) -> None:
    below = [path.relative_to(tmp_path) for path in places(Layout("mini", tmp_path))]
    assert below == places(LAYOUT)
