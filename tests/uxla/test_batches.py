"""Batches hold the chosen rows, padded, and nothing is lost when rows are cut into batches."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uxla.batches import PADDING, attention, collate, length_buckets, padded
from uxla.encoding import Rows

CPU = torch.device("cpu")


def rows(*, labelled: bool = True) -> Rows:
    """Three rows of 3, 2 and 4 ids, with 2, 0 and 1 marks; the second text begins at 2, 2 and 1."""
    parts = (
        [5, 6, 7, 8, 9, 1, 2, 3, 4],
        [0, 3, 5, 9],
        [0, 2, 3],
        [0, 2, 2, 3],
        [0, 1, 2],
        [2, 2, 1],
        [10, 11, 12] if labelled else [],
    )
    return Rows(*(np.array(part, np.int64) for part in parts))


def test_rows_are_padded_to_the_longest_of_the_batch() -> None:
    batch = collate(rows(), np.array([1, 0]), padding=99, device=CPU)
    assert batch.inputs["input_ids"].tolist() == [[8, 9, 99], [5, 6, 7]]
    mask = batch.inputs["attention_mask"]
    assert mask is not None and mask.tolist() == [[1, 1, 0], [1, 1, 1]]
    assert set(batch.inputs) == {"input_ids", "attention_mask"}


def test_marks_and_classes_follow_the_order_of_the_batch() -> None:
    batch = collate(rows(), np.array([2, 1, 0]), padding=99, device=CPU)
    assert batch.rows.tolist() == [0, 2, 2]
    assert batch.marks.tolist() == [3, 0, 2]
    assert batch.labels.tolist() == [12, 10, 11]


def test_soft_labels_follow_it_too() -> None:
    labels = np.array([[0.5, 0.5], [0.75, 0.25], [0.0, 1.0]], np.float32)
    batch = collate(replace(rows(), labels=labels), np.array([2, 1, 0]), padding=99, device=CPU)
    assert batch.labels.dtype is torch.float32
    assert batch.labels.tolist() == [[0.0, 1.0], [0.5, 0.5], [0.75, 0.25]]


def test_segments_are_one_in_the_second_text_and_zero_in_the_padding() -> None:
    batch = collate(rows(), np.array([0, 1, 2]), padding=99, device=CPU, segments=True)
    assert batch.inputs["token_type_ids"].tolist() == [[0, 0, 1, 0], [0, 0, 0, 0], [0, 1, 1, 1]]


def test_with_a_multiple_the_shape_depends_on_rows_and_length_alone() -> None:
    batch = collate(rows(), np.array([2, 1]), padding=99, device=CPU, multiple=3)
    ids = batch.inputs["input_ids"]
    assert ids is not None and ids.tolist() == [[1, 2, 3, 4, 99, 99], [8, 9, 99, 99, 99, 99]]
    assert batch.rows.tolist() == [0] * 6 + [1] * 6
    assert batch.marks.tolist() == [*range(6)] * 2
    assert batch.labels[3].item() == 12
    assert batch.weights is not None
    assert batch.weights.tolist() == [0.0, 0.0, 0.0, 1.0, *[0.0] * 8]


def test_with_a_multiple_labelled_positions_have_equal_shares() -> None:
    labels = np.array([[0.5, 0.5], [0.75, 0.25], [0.0, 1.0]], np.float32)
    batch = collate(replace(rows(), labels=labels), np.array([2, 0]), padding=99, device=CPU, multiple=4)
    assert batch.weights is not None and batch.weights.sum() == pytest.approx(1)
    counted = batch.weights.nonzero().flatten()
    assert counted.tolist() == [3, 4, 6]
    assert batch.weights[counted].tolist() == pytest.approx([1 / 3] * 3)
    assert batch.labels[counted].tolist() == [[0.0, 1.0], [0.5, 0.5], [0.75, 0.25]]


def test_unlabelled_rows_make_a_batch_without_classes() -> None:
    assert collate(rows(labelled=False), np.array([0, 2]), padding=99, device=CPU).labels.tolist() == []


def test_plain_rows_are_padded_alike() -> None:
    ids, attended = padded([[1], [2, 3, 4]], padding=0)
    assert ids.tolist() == [[1, 0, 0], [2, 3, 4]]
    assert attended.tolist() == [[True, False, False], [True, True, True]]


def test_a_gpu_gets_a_mask_it_need_not_look_at_and_none_where_nothing_is_padded() -> None:
    # `meta` stands for any device but the CPU: it computes shapes alone.
    attended = np.array([[True, False], [True, True]])
    mask = attention(attended, CPU)
    assert mask is not None and mask.tolist() == [[1, 0], [1, 1]]
    assert attention(np.ones((2, 3), bool), torch.device("meta")) is None


@given(st.lists(st.integers(1, 50), max_size=400), st.integers(1, 200))
def test_few_tokens_of_a_bucket_are_padding_once_it_has_an_eighth_of_its_budget(
    lengths: list[int], budget: int
) -> None:
    for bucket in length_buckets(lengths, token_budget=budget):
        computed = len(bucket) * max(lengths[row] for row in bucket)
        useful = sum(lengths[row] for row in bucket)
        assert useful >= (1 - PADDING) * computed or 8 * computed <= budget


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 200))
def test_every_row_is_in_one_bucket_and_no_bucket_exceeds_the_budget(lengths: list[int], budget: int) -> None:
    buckets = list(length_buckets(lengths, token_budget=budget))
    assert sorted(row for bucket in buckets for row in bucket.tolist()) == list(range(len(lengths)))
    for bucket in buckets:
        assert len(bucket) == 1 or len(bucket) * max(lengths[row] for row in bucket) <= budget


def test_buckets_come_longest_first() -> None:
    buckets = [bucket.tolist() for bucket in length_buckets([2, 9, 3, 3], token_budget=6)]
    assert buckets == [[1], [2, 3], [0]]


@pytest.mark.parametrize("budget", [1, 6, 1000])
def test_no_rows_make_no_buckets(budget: int) -> None:
    assert list(length_buckets([], token_budget=budget)) == []
