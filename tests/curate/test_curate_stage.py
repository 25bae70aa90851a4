import numpy as np
import pytest
import torch

from unfade.curate import stage
from unfade.errors import MatchError, ProjectError, WorkError
from unfade.film.balance import IDENTITY_BALANCE, Balance, DyeBalance, FilmBalance
from unfade.film.clip import SOURCE_PROXY, Clips, reference_proxy
from unfade.film.damage import Damage, DamagedFrames
from unfade.film.match import MatchRecord
from unfade.film.pair import PairList
from unfade.film.time import FrameRange
from unfade.media import read_picture, write_png
from unfade.project.settings import Project
from unfade.work.job import Job

from ..fixtures import RecordingProgress, make_clip


def _clip(path, first, proxy):
    return make_clip(
        path, FrameRange(first=first, last=first + len(proxy) - 1), 128, proxy.shape[1]
    )


def _job(root, source, reference, **sections):
    fields = {"film": {"title": "Film"}, "source": {"path": "scan.%06d.dpx"}, **sections}
    if reference is not None:
        fields["reference"] = {"path": "dvd.mkv"}
    job = Job(Project.model_validate(fields), root, RecordingProgress())
    job.folder("ingest")
    np.save(root / SOURCE_PROXY, source)
    found = {}
    if reference is not None:
        np.save(root / reference_proxy("dvd"), reference)
        found = {"dvd": _clip("dvd.mkv", 0, reference)}
    job.save(Clips(source=_clip("scan.%06d.dpx", 1001, source), references=found))
    return job


def _picture(frame):
    return torch.from_numpy(frame.copy()).permute(2, 0, 1).float() / 255


def test_pairs_are_chosen_and_drawn(tmp_path, faded_film):
    fixed = [{"source": 1035, "reference": 50, "note": "by hand"}]
    settings = {"most_per_shot": 4}
    job = _job(tmp_path, faded_film.source, faded_film.reference, pair=fixed, curate=settings)
    stage.run(job)
    found = job.load(PairList)
    assert [len([p for p in found.pairs if p.shot == n]) for n in (1, 2, 3, 4)] == [6, 6, 6, 6]
    machine = [pair for pair in found.pairs if pair.chosen_by == "machine"]
    assert all(pair.reference == pair.source - 1001 + 12 for pair in machine)
    assert [p.reference for p in found.pairs if p.chosen_by == "person"] == [50]
    for role in ("holdout", "test"):
        assert sum(pair.role == role for pair in found.pairs) == 4
    sheet = read_picture(str(tmp_path / "02-curate" / "pairs.png"))
    assert sheet.shape[2] > 1000


@pytest.mark.parametrize("setting", ["auto", "dyes", "none", {"gamma": [1.0, 1.2, 1.0]}])
def test_the_film_is_balanced_as_film_toml_says(tmp_path, faded_film, setting):
    fixed = [{"source": 1035, "reference": "painted.png"}]
    write_png(tmp_path / "painted.png", _picture(faded_film.reference[40]))
    job = _job(tmp_path, faded_film.source, None, pair=fixed, ingest={"balance": setting})
    stage.run(job)
    found = job.load(FilmBalance).grade
    assert (found == IDENTITY_BALANCE) == (setting == "none")
    assert (tmp_path / "02-curate" / "balance.png").exists() == (setting != "none")
    if setting == "auto":
        assert found.lift[0] < found.lift[1]
    elif setting == "dyes":
        assert isinstance(found, DyeBalance)
    elif setting != "none":
        assert found == Balance(gamma=(1.0, 1.2, 1.0))


def test_a_dropped_frame_gives_no_pair_and_stays_on_record(tmp_path, faded_film):
    job = _job(tmp_path, faded_film.source, faded_film.reference)
    stage.run(job)
    dropped = job.load(PairList).pairs[2].source
    job = _job(tmp_path, faded_film.source, faded_film.reference, curate={"drop": [dropped]})
    stage.run(job)
    found = job.load(PairList)
    assert dropped not in {pair.source for pair in found.pairs}
    assert [(r.pair.source, r.pair.chosen_by) for r in found.rejected] == [(dropped, "person")]
    record = job.load(MatchRecord)
    assert record.state[dropped - 1001] == "dropped"
    assert record.references["dvd"].reference[dropped - 1001] == dropped - 1001 + 12
    assert len([pair for pair in found.pairs if pair.shot == 1]) == 6


def _with_hole(job, frame):
    """The same film, whose frame is missing and shows the one before it."""
    clips = job.load(Clips)
    hole = DamagedFrames(first=frame, last=frame, fault="missing")
    damage = Damage(frames=(hole,), setting="hold")
    source = clips.source.model_copy(update={"damage": damage})
    job.save(clips.model_copy(update={"source": source}))
    return job


def test_a_damaged_frame_is_in_no_pair(tmp_path, faded_film):
    job = _job(tmp_path, faded_film.source, faded_film.reference)
    stage.run(job)
    chosen = job.load(PairList).pairs[2].source
    stage.run(_with_hole(job, chosen))
    found = job.load(PairList)
    assert chosen not in {pair.source for pair in (*found.pairs, *found.alternates)}
    assert job.load(MatchRecord).state[chosen - 1001] == "damaged"
    assert len([pair for pair in found.pairs if pair.shot == 1]) == 6


def test_a_damaged_frame_cannot_be_added(tmp_path, faded_film):
    job = _job(tmp_path, faded_film.source, faded_film.reference, curate={"add": [1005]})
    stage.run(job)
    assert 1005 in {pair.source for pair in job.load(PairList).pairs}
    sentence = r"'curate\.add' names source frame 1005, which is damaged \(missing\) and shows"
    with pytest.raises(ProjectError, match=sentence):
        stage.run(_with_hole(job, 1005))


def test_a_scene_has_no_more_pairs_than_it_needs(tmp_path, faded_film):
    there_and_back = [*range(30, 90), *range(30, 60)]
    job = _job(
        tmp_path,
        faded_film.source[there_and_back],
        faded_film.reference[12:][there_and_back],
        curate={"most_per_scene": 1, "holdout_per_shot": 0, "test_per_shot": 0},
    )
    stage.run(job)
    found = job.load(PairList)
    assert found.scenes == (1, 1, 1)
    assert [pair.shot for pair in found.pairs] in ([1, 2], [2, 3])
    (without_pair,) = {1, 2, 3} - {pair.shot for pair in found.pairs}
    assert found.pairs_in_rest_of_scenes()[without_pair] == 2
    assert found.rejected == ()
    assert {other.shot for other in found.alternates} == {pair.shot for pair in found.pairs}
    assert any("2 of 12 training pairs cover them" in message for message in job.progress.messages)


def test_without_a_reference_only_the_persons_pairs_are_used(tmp_path, faded_film):
    write_png(tmp_path / "1005.png", _picture(faded_film.clean[4]))
    fixed = [{"source": 1005, "reference": "1005.png", "aligned": True}]
    job = _job(tmp_path, faded_film.source, None, pair=fixed)
    stage.run(job)
    found = job.load(PairList)
    assert len(found.shots) == 4
    assert [(p.source, p.picture) for p in found.pairs] == [(1005, "1005.png")]


def test_a_reference_of_another_film_is_refused_with_both_names(tmp_path, faded_film):
    job = _job(tmp_path, faded_film.source[30:], faded_film.reference[:42])
    with pytest.raises(MatchError, match=r"scan.*dvd\.mkv have no picture in common.*0\.\d\d"):
        stage.run(job)
    assert not (tmp_path / PairList.PATH).exists()


def test_a_reference_upside_down_is_refused_with_the_key_to_set(tmp_path, faded_film):
    job = _job(tmp_path, faded_film.source, faded_film.reference[:, ::-1, ::-1])
    with pytest.raises(MatchError, match=r'dvd\.mkv: .* orientation = "turn-180"'):
        stage.run(job)


def test_a_missing_proxy_is_refused_with_the_remedy(tmp_path, faded_film):
    job = _job(tmp_path, faded_film.source, faded_film.reference)
    (tmp_path / reference_proxy("dvd")).unlink()
    with pytest.raises(WorkError, match="run 'unfade ingest' first"):
        stage.run(job)
