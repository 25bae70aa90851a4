"""All pictures for training: pairs, and frames with chroma carried from them."""

from dataclasses import dataclass
from itertools import chain, groupby

from torch import Tensor

from unfade.train.data.carried_colour import (
    Frames,
    carry_chroma,
    is_motion_found,
    nearest_pairs,
)
from unfade.train.data.picture_store import PictureStore, StoredPicture
from unfade.train.data.pixels import NetworkFrame, NetworkPicture, network_frame
from unfade.work.cores import on_all_cores
from unfade.work.progress import Track


@dataclass(frozen=True)
class Share(StoredPicture):
    """A picture, and the number of its pixels to sample."""

    pixels: int


@dataclass(frozen=True)
class TrainingPictures:
    """Pairs, and pictures that received their chroma.

    `receivers` is the number of frames to which chroma was to be carried.
    """

    pairs: PictureStore
    carried: PictureStore
    receivers: int

    @staticmethod
    def of_pairs(pairs: PictureStore) -> "TrainingPictures":
        """Pairs alone."""
        return TrainingPictures(pairs, pairs.empty(), 0)

    def shares(self, pixels: int) -> list[list[Share]]:
        """Each picture with its share of a number of pixels; pictures of one frame in one list.

        Half of the pixels are of pairs and half of carried frames; all are of pairs if nothing is
        carried. The share of a frame whose motion is not found stays unused.
        """
        half = pixels // 2 if self.receivers else pixels
        shares = [Share(self.pairs, i, half // len(self.pairs)) for i in range(len(self.pairs))]
        pair_keys = self.pairs.keys
        for index, key in enumerate(self.carried.keys):
            sources = len(nearest_pairs(key.frame, key.shot, pair_keys))
            shares.append(Share(self.carried, index, half // self.receivers // sources))

        def frame_of(share: Share) -> tuple[int, int]:
            return share.key.shot, share.key.frame

        shares.sort(key=frame_of)
        return [list(group) for _, group in groupby(shares, key=frame_of)]


def with_carried(
    pairs: PictureStore,
    unpaired: Frames,
    grain: Tensor,
    without: frozenset[int],
    track: Track,
) -> TrainingPictures:
    """The pairs, and all frames that receive chroma from them.

    Args:
        pairs: the corrected training pairs.
        unpaired: frames without a pair.
        grain: the covariance for `degrain`.
        without: shots in which nothing is carried.
        track: reports progress.
    """
    keys = pairs.keys
    paired = [
        index
        for index, key in enumerate(keys)
        if key.shot not in without and nearest_pairs(key.frame, key.shot, keys)
    ]

    def to_pair(index: int) -> list[NetworkPicture] | None:
        return _carried(pairs[index].frame, pairs)

    def to_unpaired(index: int) -> list[NetworkPicture] | None:
        frame = unpaired[index]
        if frame.shot in without:
            return None
        return _carried(network_frame(frame.rgb, frame.number, frame.shot, grain), pairs)

    between = range(0 if {key.shot for key in keys} <= without else len(unpaired))
    results = chain(on_all_cores(to_pair, paired), on_all_cores(to_unpaired, between))
    store, receivers = pairs.empty(), 0
    for carried in track(results, "Carrying chroma", len(paired) + len(between)):
        if carried is not None:
            receivers += 1
            store.extend(carried)
    return TrainingPictures(pairs, store, receivers)


def _carried(frame: NetworkFrame, pairs: PictureStore) -> list[NetworkPicture]:
    """A frame with the chroma of each of its nearest pairs from which the motion is found."""
    sources = [pairs[index] for index in nearest_pairs(frame.number, frame.shot, pairs.keys)]
    carried = [(carry_chroma(frame, pair), pair) for pair in sources]
    return [picture for picture, pair in carried if is_motion_found(picture, pair)]
