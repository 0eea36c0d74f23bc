"""What goes wrong in the four lookup files. By name: what happens, and how the lake must judge it."""

from collections.abc import Mapping

from cloudflix_assets.sources.sample.slips import Kinds, Slip, Where
from cloudflix_assets.sources.sample.vocabulary import SENTENCE

ORPHAN = "show_id: in gold_titles"


def lookup_slips(name: str, column: str) -> Kinds:
    """Return the slips of a lookup file, whose values stand in `column`."""
    return {**_slips(column), **_ONLY_IN.get(name, {})}


def _slips(column: str) -> Kinds:
    return {
        # Quarantined
        "equal row": (Slip(broken=("duplicate row",), where=Where.AFTER),),
        "equal row but for white space": (
            Slip(text={column: " {} ".format}, broken=("duplicate row",), where=Where.AFTER),
        ),
        "id is no number": (Slip(text={"show_id": "tt0080000"}, broken=("show_id: readable",)),),
        "id is zero": (Slip(text={"show_id": "0"}, broken=("show_id: gt",)),),
        "no id": (Slip(text={"show_id": ""}, broken=("show_id: nullable",)),),
        "no value": (Slip(text={column: ""}, broken=(f"{column}: nullable",)),),
        "too few fields": (Slip(shape=lambda fields: fields[:1], broken=("malformed record",)),),
        "too many fields": (Slip(shape=lambda fields: [*fields, "x"], broken=("malformed record",)),),
        # Accepted here, quarantined by gold
        "orphan": (
            Slip(
                text={"show_id": "1{}".format},
                means={"show_id": lambda id_: id_ + 100_000_000},
                orphan=True,
            ),
        ),
        # Accepted
        "no-break space": (Slip(text={column: "{}\N{NO-BREAK SPACE}".format}),),
        "zero-width space": (Slip(text={column: "\N{ZERO WIDTH SPACE}{}".format}),),
        "doubled blanks": (Slip(text={column: lambda text: f"  {text.replace(' ', '  ')}"}),),
        "line break": (Slip(text={column: "{}\n".format}),),
        "blanks around the id": (Slip(text={"show_id": " {} ".format}),),
        "quotes": (Slip(text={column: '{} "Lucky"'.format}, means={column: '{} "Lucky"'.format}),),
    }


_ONLY_IN: Mapping[str, Kinds] = {
    "cast": {
        "sentence": (
            Slip(
                text={"cast": SENTENCE},
                means={"cast": SENTENCE},
                warned=("cast: a name, not a sentence",),
            ),
        )
    },
    "countries": {"trailing comma": (Slip(text={"country": "{},".format}),)},
}
