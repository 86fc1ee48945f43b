"""The card of an adapted model: what it is, what it learnt from, how good it is, how to use it."""

from pathlib import Path

from benchmark.catalogue import catalogue
from benchmark.data import Entry, HubData, Repository, ToyData
from benchmark.results import ModelScore, Result
from benchmark.statistics import spread
from benchmark.variants import task_of, title_of
from uxla.tasks import Level

# A class is that of a word's first subword, or of a pair's first token, in both cases by one linear layer.
PREDICTION = {
    Level.WORD: """words = "A sentence of words and marks .".split()
tokens = model.tokenizer(words, is_split_into_words=True, return_tensors="pt")
classes = model.model(**tokens).logits[0].argmax(-1)
for place, word in enumerate(words):
    print(word, model.model.config.id2label[int(classes[tokens.word_ids().index(place)])])""",
    Level.EXAMPLE: """tokens = model.tokenizer("One text .", "And another .", return_tensors="pt")
print(model.model.config.id2label[int(model.model(**tokens).logits[0, 0].argmax())])""",
}


def best_model(result: Result) -> ModelScore:
    """The model with the best score on the dev set that selected it, else the first."""
    scored = [model for model in result.models if model.dev_score is not None]
    return max(scored, key=lambda model: model.dev_score or 0.0, default=result.models[0])


def name_of(result: Result) -> str:
    """What the registry calls the model of a target."""
    return f"{result.profile}-{result.task}-{result.language}"


def card(
    result: Result, *, encoder: str, source: str, data: ToyData | HubData, folder: Path | None = None
) -> str:
    """The card of the best model of UXLA in a target, as Markdown; `folder` has it where MLflow has not."""
    model = best_model(result)
    dev = "–" if model.dev_score is None else f"{model.dev_score:.2f}"
    metric = {"f1": "span F1", "accuracy": "accuracy"}[result.metric]
    seeds = ", ".join(map(str, result.seeds))
    ensemble = "" if result.ensemble is None else f" Their ensemble: {result.ensemble.score:.2f}."
    return f"""# {title_of(result.task)} in {result.language}, by UXLA

{encoder} with a linear head, warmed up on labels of {source} and adapted to {result.language} without labels
of it, by Algorithm 1 of UXLA (ACL 2021). Of three co-taught models (seeds {seeds}) this is the one of
seed {model.seed}, best on {result.selected_on}.

| {metric}, percent | dev ({result.selected_on}) | test ({result.n_examples:,} examples) |
|---|---|---|
| this model | {dev} | {model.score:.2f} |

Of all three on the test set: {spread(result.scores).mean:.2f} in the mean, 95 % interval over test examples
[{result.interval.low:.2f}, {result.interval.high:.2f}].{ensemble}

**Learnt from**: {_data(data, source, result.language)}

**Use**, from the root of the checkout:

```python
{_use(result, folder)}
```

**Limits**: the score is of this test set alone; pseudo labels carry on what the warmed-up models got wrong.
"""


def _use(result: Result, folder: Path | None) -> str:
    predicted = PREDICTION[task_of(result.task).level]
    if folder is None:
        return f"""import mlflow

mlflow.set_tracking_uri("sqlite:///mlruns/mlflow.db")
model = mlflow.transformers.load_model("models:/{name_of(result)}@best")
{predicted}"""
    return f"""from pathlib import Path

from uxla.models import TaskModel

model = TaskModel.load(Path("{(folder / str(best_model(result).seed)).as_posix()}"))
model.network.eval()
{predicted.replace("model.model", "model.network")}"""


def _data(data: ToyData | HubData, source: str, target: str) -> str:
    if isinstance(data, ToyData):
        return "toy languages that the project generates; of no use for natural ones."
    return "; ".join(f"{language}: {_origin(data.languages[language])}" for language in (source, target))


def _origin(entry: Entry) -> str:
    """Where the text of a language comes from, and on what terms."""
    if isinstance(entry, Repository):
        return f"{entry.repository} on the hub"
    dataset = entry if isinstance(entry, str) else entry.dataset
    return "files of the user's own" if dataset is None else f"{dataset} ({catalogue()[dataset].licence})"
