"""Gives out pictures: each is made once, and kept while there is room."""

from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, RLock

from unfade.studio.films import CHANGES_BETWEEN_STAGES, FilmPlace
from unfade.studio.pictures.film import OpenFilm
from unfade.studio.pictures.kinds import is_computed, make_picture, make_small_picture
from unfade.studio.pictures.picture import PictureKind, ViewerPicture
from unfade.studio.pictures.threads import PictureThreads
from unfade.work.cores import core_count

MAX_KEPT_BYTES = 150 * 2**20
"""Bytes of kept pictures: 8 of 2048 x 1556 pixels, 2 of 4096 x 3112. The browser keeps more."""

MAX_OPEN_FILMS = 2
"""Films whose artefacts and models are held, because one is compared with another at most."""

PictureKey = tuple[str, object, int, PictureKind, int | None]
"""Film, signature of its files, frame, kind and width."""


@dataclass
class _Order:
    """A picture that is being made. `waiting` counts the requests that want it."""

    future: Future[ViewerPicture]
    waiting: int = 0


@dataclass
class PictureDesk:
    """The pictures of all films of the studio; several threads may ask at a time.

    Files are read by as many threads as there are cores. What takes all cores is computed by one
    thread, so that the memory for it is needed once.
    """

    max_kept_bytes: int = MAX_KEPT_BYTES
    _films: OrderedDict[str, OpenFilm] = field(default_factory=OrderedDict)
    _kept: OrderedDict[PictureKey, ViewerPicture] = field(default_factory=OrderedDict)
    _orders: dict[PictureKey, _Order] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)
    _opening: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._readers: PictureThreads[ViewerPicture] = PictureThreads(core_count())
        self._computer: PictureThreads[ViewerPicture] = PictureThreads(1)

    def film(self, place: FilmPlace) -> OpenFilm:
        """A film, opened anew when its files have changed; it reads artefacts.

        Raises:
            UnfadeError: film.toml cannot be used, or ingest has not run.
        """
        with self._opening:
            signature = tuple(
                one for one in place.signature() if one[0] not in CHANGES_BETWEEN_STAGES
            )
            film = self._films.get(place.id)
            if film is None or film.signature != signature:
                film = OpenFilm(place, signature)
                self._films[place.id] = film
            self._films.move_to_end(place.id)
            while len(self._films) > MAX_OPEN_FILMS:
                self._films.popitem(last=False)
            return film

    def key(
        self, film: OpenFilm, frame: int, kind: PictureKind, width: int | None = None
    ) -> PictureKey:
        """The key of a picture."""
        signature = film.signature
        if kind == "checkpoint":
            signature = signature, film.checkpoint
        return film.place.id, signature, frame, kind, width

    def order(self, film: OpenFilm, key: PictureKey) -> Future[ViewerPicture]:
        """The picture of a key, for which somebody waits; `give_up` if nobody does any more."""
        with self._lock:
            if (kept := self._found(key)) is not None:
                done: Future[ViewerPicture] = Future()
                done.set_result(kept)
                return done
            order = self._orders.get(key)
            if order is None:
                order = self._start(film, key)
            order.waiting += 1
            return order.future

    def give_up(self, key: PictureKey, future: Future[ViewerPicture]) -> None:
        """One request less waits for a picture that `order` gave; it is not made if no other one
        does."""
        with self._lock:
            order = self._orders.get(key)
            if order is not None and order.future is future:
                order.waiting -= 1
                if not order.waiting:
                    order.future.cancel()

    def _found(self, key: PictureKey) -> ViewerPicture | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def _start(self, film: OpenFilm, key: PictureKey) -> _Order:
        _, _, frame, kind, _ = key
        threads = self._computer if is_computed(film, frame, kind) else self._readers
        order = _Order(threads.submit(partial(self._make, film, key)))
        self._orders[key] = order
        order.future.add_done_callback(partial(self._finish, key))
        return order

    def _make(self, film: OpenFilm, key: PictureKey) -> ViewerPicture:
        """A picture; a smaller one is made from what is kept, or else from as little as will do."""
        _, _, frame, kind, width = key
        if width is None:
            return make_picture(film, frame, kind)
        whole_key = self.key(film, frame, kind)
        with self._lock:
            is_kept = self._found(whole_key) is not None
        if not is_kept and is_computed(film, frame, kind):
            small = make_small_picture(film, frame, kind, width)
            if small is not None:
                return small
        return self._whole(film, whole_key).fitted(width)

    def _whole(self, film: OpenFilm, key: PictureKey) -> ViewerPicture:
        """A whole picture, kept, because it will be asked for next."""
        with self._lock:
            kept = self._found(key)
        if kept is None:
            kept = make_picture(film, key[2], key[3])
            with self._lock:
                self._keep(key, kept)
        return kept

    def _finish(self, key: PictureKey, future: Future[ViewerPicture]) -> None:
        with self._lock:
            order = self._orders.get(key)
            if order is not None and order.future is future:
                del self._orders[key]
            if not future.cancelled() and future.exception() is None:
                self._keep(key, future.result())

    def _keep(self, key: PictureKey, picture: ViewerPicture) -> None:
        self._kept[key] = picture
        total = sum(one.planes.nbytes for one in self._kept.values())
        while total > self.max_kept_bytes and self._kept:
            total -= self._kept.popitem(last=False)[1].planes.nbytes
