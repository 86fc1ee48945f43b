"""A corpus as MLflow lists it among the inputs of a run."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from uxla.examples import SCHEMA, Corpus

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

# MLflow stores no longer digest: 144 of the 256 bits.
DIGEST_LENGTH = 36


def dataset_of(corpus: Corpus, *, name: str, context: str, source: Path | str) -> "DatasetInput":
    """Describe a corpus by its digest, place and size.

    MLflow's own data sets hash and profile a pandas frame; the digest of a corpus is known.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    languages = Counter(corpus.table["language"].to_pylist())
    profile = {
        "num_rows": len(corpus),
        "languages": dict(sorted(languages.items())),
        "is_labelled": corpus.is_labelled,
        "digest": corpus.digest,
    }
    columns = [{"name": f.name, "type": str(f.type), "required": not f.nullable} for f in SCHEMA]
    dataset = Dataset(
        name=name,
        digest=str(profile["digest"])[:DIGEST_LENGTH],
        source_type="local",
        source=json.dumps({"uri": Path(source).as_posix()}),
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps(profile),
    )
    return DatasetInput(dataset=dataset, tags=[InputTag("mlflow.data.context", context)])
