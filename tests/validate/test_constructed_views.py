import torch
from torch import Tensor

from unfade.film.assumptions import Assumptions
from unfade.report.pictures import MAX_SHEETS
from unfade.validate.constructed import constructed_views


def test_the_page_shows_the_sheets_of_the_most_uncertain_frames_in_order() -> None:
    count = MAX_SHEETS + 2
    records = [
        Assumptions(
            frame=frame,
            points=(),
            uncertainty=frame / 1000,
            picture_sha256="0",
            sheet_sha256="1",
        )
        for frame in reversed(range(count))
    ]
    read = []

    def read_sheet(frame: int) -> Tensor:
        read.append(frame)
        return torch.zeros(3, 40, 1440)

    views = constructed_views(records, read_sheet)
    assert [one.frame for one in views] == [*range(count)]
    assert [one.frame for one in views if one.sheet] == read == [*range(2, count)]
