"""Memory of preparing pairs grows with their number so slowly that 400,000 fit into 3 GB."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import resource, sys
from pathlib import Path
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
from benchmark.census import census
from benchmark.rows import Passed, read_rows
from benchmark.sources import Reading
from uxla.examples import Corpus, Example
from uxla.tasks import TASKS

n, folder, random = int(sys.argv[1]), Path(sys.argv[2]), np.random.default_rng(1)
words = np.array([f"word{i}" for i in range(30_000)])
writer = None
for _ in range(0, n, 5000):
    texts = {name: [" ".join(random.choice(words, k)) for _ in range(5000)]
             for name, k in (("premise", 20), ("hypothesis", 10))}
    table = pa.table({**texts, "label": random.integers(0, 3, 5000)})
    writer = writer or pq.ParquetWriter(folder / "pairs.parquet", table.schema)
    writer.write_table(table)
writer.close()
corpus, passed = read_rows(folder / "pairs.parquet", TASKS["xnli"], "en", "train", name="x", placeholder=None)
few = Reading(corpus.select(range(100)), "x", Passed(rows=100))
census({"train": Reading(corpus, "x", passed), "dev": few}, TASKS["xnli"])
corpus.unlabelled().save(folder / "unlabelled.parquet")
copies = ("0x0", "0x1", "1x0", "1x1")
vicinal = Corpus.of(Example(f"{e.id}#{c}", e.language, e.texts) for e in corpus for c in copies)
vicinal.save(folder / "vicinal.parquet")
del vicinal
assert len(Corpus.load(folder / "vicinal.parquet").digest) == 64
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(n: int, folder: Path) -> float:
    """Bytes of a process at most, over n pairs with four vicinal ones each."""
    words = [sys.executable, "-c", SCRIPT, str(n), str(folder)]
    return 1024 * float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the unit of ru_maxrss is that of Linux")
def test_four_hundred_thousand_pairs_and_their_vicinal_ones_fit_into_three_gigabytes(tmp_path: Path) -> None:
    few, many = peak(50_000, tmp_path), peak(100_000, tmp_path)
    assert many + (many - few) / 50_000 * 300_000 < 3e9
