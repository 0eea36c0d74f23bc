"""Bronze: what a dataset may declare, and what is refused when the definitions load."""

import pytest

from spark.bronze import contract_of
from spark.datasets import Dataset
from spark.quality.rules import ContractError

TAKEN = ["week", "Week", "source_file", "record_number", "rescued", "malformed"]


@pytest.mark.parametrize("name", TAKEN)
def test_a_column_that_bronze_adds_itself_is_refused(name: str) -> None:
    """It was hidden by bronze's own, in silence, or told as a damaged table."""
    with pytest.raises(ContractError) as refused:
        contract_of(Dataset("awards", "awards.csv", ("award", name), "awards"))
    assert str(refused.value) == (
        f"spark/datasets.py: the column {name} of awards has the name of one that bronze adds: declare it "
        f"under another name, with {name!r} as its alias."
    )


def test_a_column_that_is_declared_twice_is_refused() -> None:
    """Engines ignore case."""
    with pytest.raises(ContractError) as refused:
        contract_of(Dataset("awards", "awards.csv", ("award", "Award"), "awards"))
    assert str(refused.value) == (
        "spark/datasets.py: awards declares the column Award twice, if case is ignored, as engines do: "
        "remove one."
    )


def test_an_alias_may_have_such_a_name() -> None:
    """The remedy of the refusal."""
    dataset = Dataset("awards", "awards.csv", ("award", "award_week"), "awards", {"award_week": ("week",)})
    assert "award_week" in contract_of(dataset).to_schema().columns
