"""The settings of the two things that are made here: the catalogue, and the index of its titles.

Each is a frozen value with a default for everything, passed down from the function that makes the thing.

    prepare(Path("trn.json"), home / "catalogue", CatalogueSettings(sample=40_000))
    TitleIndex.build(catalogue, home / "index", settings=IndexSettings(exact_up_to=10_000), progress=Progress)
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Columns:
    """The names that a source gives to the fields of a product; what is empty is guessed from the source."""

    uid: str = ""
    title: str = ""
    content: tuple[str, ...] = ()  # in the order in which they make the content
    ids: tuple[str, ...] = ()  # further identifiers


@dataclass(frozen=True)
class CatalogueSettings:
    """How a source is read, and what is kept of it."""

    columns: Columns = Columns()
    sample: int | None = None  # products to keep, chosen by seed and uid alone; None keeps all
    seed: int = 0
    workers: int | None = None  # processes that clean; None: what source and machine suggest
    ray: str = ""  # the Ray cluster that cleans instead: its address, or "local" to start one here
    read_bytes: int = 1 << 20  # are read at a time, and about as many make a block of lines
    max_line_bytes: int = 4 << 20  # a longer line, or row, is passed over
    accept_truncated: bool = False  # whether a source that ends too early may be prepared as far as it goes


@dataclass(frozen=True)
class QdrantSettings:
    """Where titles are searched if not in the index's own files, and how a server keeps them."""

    place: str = ""  # a server's URL, or a folder for the engine in this process; "": the index's own files
    alias: str = "titlewise"  # by which others know the newest collection; one for each shop on a server
    shards: int = 1  # of a collection on a server, as many as nodes or a multiple of it
    replicas: int = 1  # of each shard, on different nodes
    write_consistency: int = 1  # replicas that must have a write before it counts as done


@dataclass(frozen=True)
class IndexSettings:
    """What tunes the title index; an index is built, updated and loaded with the same settings.

    Where titles are searched once it is built, and where they are encoded, may differ: see `at` and `ray`.
    """

    # Vectors of titles.
    exact_up_to: int = 50_000  # titles; above, 4-bit product quantisation with 8-bit refinement
    dims_per_code: int = 4  # dimensions of a vector that one 4-bit code stands for
    refine_factor: int = 8  # times as many vectors are fetched in 4 bits as are wanted, and ranked again in 8
    quantiser_titles: int = 65_536  # titles that the codes are trained on, at most

    # BM25, as in Robertson & Zaragoza 2009.
    k1: float = 1.2  # how fast repetitions of a token count less
    b: float = 0.4  # how much length counts, 0 to 1; small because a long title is seldom padding
    max_postings: int = 10_000  # of the rarest tokens of a query, which say what titles are looked at

    # Retrieving, and the weights of a query's words (1: as much as its rarity).
    candidates_per_retriever: int = 64  # titles
    max_query_words: int = 48  # the heaviest; a question of 4,000 characters costs no more than a long one
    frame_weight: float = 0.1  # of a word that stands around titles
    attribute_weight: float = 0.35  # of a word that is often asked about
    foreign_weight: float = 0.3  # of a word of a Portuguese question that no title has
    least_titleness: float = 0.15  # of a word that descriptions use and titles do not

    # Descriptions that tell which words are asked with.
    described_contents: int = 4_000  # are read at most
    small_catalogue: int = 200  # products; to those of a smaller one the sample catalogue's are added

    # Finding by need, in titles and descriptions.
    title_counts: int = 3  # times that a word of the title counts, one of the description once
    most_described_words: int = 400  # of a description that are read

    # Ranking.
    ridge: float = 0.03  # penalty on the squared weights of the order, where it is trained
    least_difference: float = 0.1  # of the weight of the query's rarest word: less tells no two titles apart
    fully_covered: float = 0.98  # share of a title's words; from here on the query names it in full

    # Deciding: what each outcome costs a shopper, in units of being asked "which one?" for good reason.
    wrong_cost: float = 6.0  # an answer about another product
    vain_cost: float = 2.0  # being asked among products of which none is meant
    missed_cost: float = 6.0  # being told that nothing was found although it is there
    most_unmatched: float = 0.8  # share of what a question names; where the best title leaves out more, none is meant
    max_hits: int = 10  # products
    max_candidates: int = 4  # products that are offered, and parts of a question about several
    least_share: float = 0.1  # of the best one's weight; a candidate of less is not offered beside it
    # Nothing is asked, from this probability of the best one on, where every other has a smaller share of its weight.
    alone_probability: float = 0.65
    alone_share: float = 0.05
    max_words_beside: int = 2  # frame words apart, in a part of a question about two products that names neither

    ray: str = ""  # the Ray cluster that encodes titles: its address, or "local" to start one here; "": this process

    # Titles in Qdrant.
    qdrant: QdrantSettings = QdrantSettings()
    searched_neighbours: int = 512  # kept in the graph of vectors as it is searched (ef): more finds more, more slowly
    max_sparse_postings: int = 100_000  # what `max_postings` is to files: Qdrant reads them faster
    rescored_per_candidate: int = 8  # titles with the rarest tokens are scored by all tokens, for each that is wanted

    # Updating.
    rebuilt_up_to: int = 20_000  # titles: up to here an update trains everything anew, which takes seconds
    max_changed: float = 0.1  # share of products that came or went since the last full build; above, it builds anew
    max_upserted: int = 5_000  # products that came or went by upsert and remove; more wait for a full build

    def at(self, place: str) -> "IndexSettings":
        """Return the same settings for titles that are searched in another place; see `QdrantSettings`."""
        return replace(self, qdrant=replace(self.qdrant, place=place))
