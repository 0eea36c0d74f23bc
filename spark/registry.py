"""The list of all tables. To add one, write its module and add it here."""

from spark import bronze, raw
from spark.gold import cast as gold_cast
from spark.gold import category as gold_category
from spark.gold import countries as gold_countries
from spark.gold import directors as gold_directors
from spark.gold import titles as gold_titles
from spark.silver import cast as silver_cast
from spark.silver import category as silver_category
from spark.silver import countries as silver_countries
from spark.silver import directors as silver_directors
from spark.silver import titles as silver_titles

TABLES = (
    *raw.TABLES,
    *bronze.TABLES,
    silver_titles.TABLE,
    silver_cast.TABLE,
    silver_category.TABLE,
    silver_countries.TABLE,
    silver_directors.TABLE,
    gold_titles.TABLE,
    gold_cast.TABLE,
    gold_category.TABLE,
    gold_countries.TABLE,
    gold_directors.TABLE,
)
