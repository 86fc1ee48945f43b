"""nlpaug in a process of its own: texts come in line by line as JSON, numbers of replaced words go out.

It is run by the Python of an environment with nlpaug, which knows nothing of this project.
"""

import json
import sys
from typing import Any


def main(folder: str, device: str, threads: int) -> None:
    """Replace words of the texts of every line by those of a masked LM, as nlpaug does by default.

    Args:
        folder: of a BERT with its tokenizer.
        device: `cpu` or `cuda`.
        threads: of PyTorch.
    """
    import torch
    from nlpaug.augmenter.word import ContextualWordEmbsAug

    torch.set_num_threads(threads)
    augmenter: Any = ContextualWordEmbsAug(
        model_path=folder, model_type="bert", aug_p=0.3, aug_max=None, device=device
    )
    replaced = 0
    predict = augmenter.model.predict

    def counting(texts: list[str], *arguments: Any, **named: Any) -> Any:
        nonlocal replaced
        replaced += len(texts)
        return predict(texts, *arguments, **named)

    augmenter.model.predict = counting
    for line in sys.stdin:
        replaced = 0
        augmenter.augment(json.loads(line))
        sys.stdout.write(f"{replaced}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
