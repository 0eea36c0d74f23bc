"""The words of the sample, all made up here. Every list is joined with others, so keep them distinct."""

MOVIE, SERIES = "Movie", "TV Show"

_ADJECTIVES = (
    "Silent", "Golden", "Broken", "Distant", "Midnight", "Crimson", "Paper", "Electric", "Hidden", "Last",
    "Borrowed", "Wild", "Gentle", "Hollow", "Scarlet", "Frozen", "Restless", "Lucky", "Bitter", "Seventh",
    "Velvet", "Wooden", "Northern", "Faded", "Secret", "Reckless", "Second", "Salt", "Blue", "Honest",
)  # fmt: skip
TITLE_BEGINNINGS = tuple(f"{article}{word} " for article in ("", "The ", "My ") for word in _ADJECTIVES)
TITLE_NOUNS = (
    "Harbour", "Orchard", "Signal", "Winter", "Empire", "Garden", "Mirror", "Voyage", "Letters", "Machine",
    "Lantern", "River", "Crossing", "Detective", "Kitchen", "Summer", "Brothers", "Season", "Café",
    "Señora", "Island", "Promise", "Thief", "Witness", "Carnival", "Été", "Bread", "Tailor", "Frontier",
    "Lighthouse", "Sisters", "Monsoon", "Compass", "Waltz", "Neighbour", "Verdict", "Pilot", "Heir",
    "Shadow", "夜の港",
)  # fmt: skip
TITLE_ENDINGS = (
    ("", 780),
    (" of Ice", 40),
    (", Again", 12),
    (" & Sons", 8),
    (": Part Two", 40),
    (": A Love Story", 40),
    (": Live from the Old Theatre", 30),
    (": The Lost Years", 30),
    (': The "Lost" Tapes', 1),
    (": Home, at Last", 4),
)
"""Each with how often it comes. A colon ends the short title, so no other list holds one."""

RATINGS = (
    ("TV-MA", "TV", 325),
    ("TV-14", "TV", 272),
    ("TV-PG", "TV", 112),
    ("R", "R", 82),
    ("PG-13", "PG", 46),
    ("NR", "NR", 35),
    ("PG", "PG", 30),
    ("TV-Y7", "TV", 27),
    ("TV-G", "TV", 24),
    ("TV-Y", "TV", 23),
    ("TV-Y7-FV", "TV", 15),
    ("G", "G", 6),
    ("UR", "UR", 1),
    ("NC-17", "NC", 1),
)
"""Each with its group, and how often it comes."""

DESCRIPTION_PARTS = (
    (
        "After the longest winter on record,", "On the eve of her wedding,", "Haunted by an old promise,",
        "When a letter arrives forty years late,", "Far from home and out of money,",
        "With the harvest at risk,", "Following a strange inheritance,", "While the city sleeps,",
        "Between two stormy nights,", "In this warm and funny portrait,",
        "Against the advice of everyone,", "Days before the great regatta,",
    ),
    (
        "a retired lighthouse keeper", "an ambitious young baker", "a proud tailor",
        "a family of beekeepers", "a night-shift nurse", "the last pupil of a village school",
        "a stubborn ferry captain", 'a singer known only as "La Paloma"', "the youngest of three cousins",
        "an unlucky inventor", "a detective with no sense of smell", "a widowed schoolteacher",
    ),
    (
        "must choose between duty and an unlikely friendship", "sets out to win back a lost piano",
        "learns who has been sending the flowers", "plans one last, very polite robbery",
        "opens a restaurant that nobody can find", "tries to keep a family secret from the press",
        "discovers that the map is a recipe", 'falls for the rival behind "The Daily Lantern"',
        "takes in a stranger, his dog and his debts", "has three days to save the only cinema",
    ),
    (
        "in a fishing village.", "on the night train to the coast.",
        "high in the mountains \N{EN DASH} and far from help.", "in a city that never agrees on anything.",
        "at the edge of the desert.", "in the summer of the floods.",
        "across five borders, two weddings and a trial.", "on an island without a doctor.",
        "in old São Jorge.", "where every door has another name on it.", "under a sky full of kites.",
        "at the end of the tram line.",
    ),
    (
        "A comedy.", "A true story.", "In two parts.", "Mostly a love story.", "Not for the faint.",
        "With songs.", "Told backwards.", "For all ages.", "A quiet thriller.", "Bring handkerchiefs.",
    ),
)  # fmt: skip
"""A description is one of each, joined by blanks."""

GIVEN_NAMES = (
    "Ana", "Bo", "Chidi", "Dana", "Emil", "Fatima", "Goran", "Hana", "Ines", "José", "Keiko", "Lars",
    "Mina", "Nils", "Olga", "Paulo", "Qiana", "Rosa", "Sven", "Tariq", "Uma", "Vera", "Wanda", "Xenia",
    "Yusuf", "Zoë", "Aiko", "Bruno", "Carla", "Dmitri", "Elif", "Femi", "Greta", "Hugo", "Imani", "Jonas",
    "Kofi", "Leïla", "Marek", "Nadia", "Otto", "Priya", "Rafael", "Selma", "Tomás", "Ursula", "Viktor",
    "Wen", "Ying", "Zeno", "Anna Maria", "Jean-Luc", "Mary Lou", "Abel", "Beatriz", "Cosmo", "Delphine",
    "Esra", "Florian", "Gwen",
)  # fmt: skip
_FAMILY_BEGINNINGS = (
    "Al", "Bar", "Cas", "Del", "Er", "Fal", "Gar", "Hal", "Is", "Jor", "Kal", "Lam", "Mor", "Nor", "Ol",
    "Pal", "Quin", "Ros", "Sal", "Tor", "Ul", "Var", "Wil", "Zan",
)  # fmt: skip
_FAMILY_ENDINGS = (
    "mero", "ström", "ovic", "ides", "iba", "ganti", "wood", "dottir", "quez", "akis", "inen", "anu",
    "oye", "ashi", "ham", "beck", "ier", "otto", "sson", "uda", "ev", "ford", "ani", "ura", "ell", "mann",
    "oday", "and, Jr.", "ira", "ux", "ski", "ng", "vold", "enko", "acho", "ello", "aert", "itz", "orn",
    "upta",
)  # fmt: skip
FAMILY_NAMES = tuple(f"{beginning}{ending}" for beginning in _FAMILY_BEGINNINGS for ending in _FAMILY_ENDINGS)

CATEGORIES = {
    MOVIE: (
        "Dramas", "Comedies", "True Stories", "Thrillers", "Adventures", "Small Budgets", "For the Family",
        "Romances", "From Abroad", "Frights", "Musicals", "Evenings on Stage", "Other Worlds", "Sport",
        "Classics", "Faith & Doubt", "Cult Favourites", "Animation", "Shorts",
    ),
    SERIES: (
        "Drama Series", "Comedy Series", "True Stories in Parts", "Crime Series", "Series from Abroad",
        "Kids' Series", "Romance Series", "Costume Series", "Real Life", "Animated Series",
        "Hospital Series", "Action & Adventure Series", "Mysteries", "Science Fiction Series",
        "Nature & Science", "School Series", "Thriller Series", "Talk & Stage", "Miniseries",
    ),
}  # fmt: skip
COUNTRIES = (
    "United States", "India", "United Kingdom", "Japan", "Canada", "France", "Spain", "South Korea",
    "Mexico", "Australia", "Taiwan", "Turkey", "Brazil", "China", "Germany", "Nigeria", "Egypt",
    "Argentina", "Thailand", "Indonesia", "Italy", "Colombia", "Philippines", "Singapore", "Poland",
    "Belgium", "Lebanon", "Malaysia", "Norway", "Sweden", "Denmark", "Chile", "Ireland", "Israel", "Peru",
    "Kenya", "Iceland", "Uruguay", "Vietnam", "New Zealand", "South Africa",
)  # fmt: skip
SENTENCE = "This is the story of a lighthouse keeper and his dog, told by the dog."
