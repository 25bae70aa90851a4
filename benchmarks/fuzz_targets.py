"""What `fuzz.py` feeds with hostile files: every reader of a file that a stranger may have made."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fuzz_deliveries import bag_seeds, page_seeds, read_bag, show_pages
from fuzz_inputs import (
    Mutate,
    mutate_bytes,
    mutate_header,
    mutate_json,
    mutate_part,
    mutate_toml,
)
from fuzz_media import config_seeds, movie_seeds, read_config, read_movie, read_still, still_seeds
from fuzz_models import model_seeds, proxy_seeds, read_model, read_proxy
from fuzz_records import (
    artefact_seeds,
    project_seeds,
    read_artefact,
    read_project,
    read_record,
    record_seeds,
)


@dataclass(frozen=True)
class Target:
    """A reader, valid files for it, and how they are made hostile.

    `seeds` gives valid inputs from the folder of a finished film. `run` reads an input in the
    folder of a copy of that film; it may change the copy.
    """

    name: str
    seeds: Callable[[Path], Iterator[bytes]]
    mutate: Mutate
    run: Callable[[Path, bytes], None]


_PARTS = mutate_part(
    ((b".json", mutate_json), (b".toml", mutate_toml), (b".safetensors", mutate_header))
)

TARGETS = (
    Target("film.toml", project_seeds, mutate_toml, read_project),
    Target("artefacts", artefact_seeds, mutate_json, read_artefact),
    Target("receipts and records", record_seeds, _PARTS, read_record),
    Target("model files", model_seeds, _PARTS, read_model),
    Target("proxies", proxy_seeds, mutate_bytes, read_proxy),
    Target("stills", still_seeds, _PARTS, read_still),
    Target("movies", movie_seeds, _PARTS, read_movie),
    Target("colour configs", config_seeds, mutate_bytes, read_config),
    Target("bags", bag_seeds, _PARTS, read_bag),
    Target("pages of the studio", page_seeds, _PARTS, show_pages),
)
