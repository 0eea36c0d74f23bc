"""The declared datasets by their names: where they stand in the declaration is no test's business."""

from spark.datasets import DATASETS

DATASET = {dataset.name: dataset for dataset in DATASETS}
CATALOGUE = [DATASET[name] for name in ("titles", "cast", "category", "countries", "directors")]
TITLES, CAST, *_ = CATALOGUE
