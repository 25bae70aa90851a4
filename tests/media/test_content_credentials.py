"""Signed C2PA manifests beside pictures and movies."""

from fractions import Fraction
from pathlib import Path

import pytest
import torch

from unfade import media
from unfade.errors import ProjectError
from unfade.film.provenance import DIGITAL_SOURCE_TYPE
from unfade.media import content_credentials as credentials

from ..fixtures import write_certificates

pytest.importorskip("c2pa", reason="the extra unfade[c2pa] is not installed")
FACTS = {"provenance_sha256": "0" * 64}


@pytest.fixture
def signer(tmp_path: Path) -> tuple[Path, Path]:
    return write_certificates(tmp_path)


def write_shown(folder: Path, suffix: str) -> Path:
    path = folder / f"shown{suffix}"
    picture = torch.rand(3, 48, 64, generator=torch.Generator().manual_seed(0))
    if suffix == ".png":
        media.write_png(path, picture)
        return path
    codec, pixels = ("libx264", "yuv420p") if suffix == ".mp4" else ("prores_ks", "yuv422p10le")
    with media.MovieWriter(
        path, codec=codec, width=64, height=48, rate=Fraction(24), pixel_format=pixels
    ) as movie:
        for _ in range(3):
            movie.write(picture)
    return path


@pytest.mark.parametrize("suffix", list(credentials.SIGNED_FORMATS))
def test_a_changed_byte_breaks_the_signature(
    tmp_path: Path, signer: tuple[Path, Path], suffix: str
) -> None:
    path = write_shown(tmp_path, suffix)
    before = path.read_bytes()
    sidecar = credentials.sign(path, *signer, DIGITAL_SOURCE_TYPE, FACTS)
    assert (sidecar.name, path.read_bytes()) == ("shown.c2pa", before)
    assert credentials.fault_of_signature(path) is None
    assert credentials.signed_facts(path) == ("Ada Byron", FACTS)
    assert DIGITAL_SOURCE_TYPE.encode() in sidecar.read_bytes()
    assert str(tmp_path).encode() not in sidecar.read_bytes()
    changed = bytearray(before)
    changed[len(changed) // 2] ^= 1
    path.write_bytes(bytes(changed))
    assert "does not hold" in str(credentials.fault_of_signature(path))
    path.write_bytes(before)
    signed = bytearray(sidecar.read_bytes())
    signed[signed.index(b"0" * 64)] ^= 1
    sidecar.write_bytes(bytes(signed))
    assert credentials.fault_of_signature(path) is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"no key", "cannot sign with it and archive.key"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(
    tmp_path: Path, signer: tuple[Path, Path], content: bytes | None, words: str
) -> None:
    chain, key = signer
    if content is None:
        key.unlink()
    else:
        key.write_bytes(content)
    with pytest.raises(ProjectError, match=words):
        credentials.sign(write_shown(tmp_path, ".png"), chain, key, DIGITAL_SOURCE_TYPE, FACTS)
    assert not (tmp_path / "shown.c2pa").exists()


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, signer: tuple[Path, Path]) -> None:
    chain, _ = signer
    (tmp_path / "other").mkdir()
    _, other = write_certificates(tmp_path / "other")
    with pytest.raises(ProjectError, match=r"archive\.pem: cannot sign with it"):
        credentials.sign(write_shown(tmp_path, ".png"), chain, other, DIGITAL_SOURCE_TYPE, FACTS)


def test_the_missing_package_is_named(
    tmp_path: Path, signer: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "find_spec", lambda name: None)
    with pytest.raises(ProjectError, match=r"pip install 'unfade\[c2pa\]', or remove it"):
        credentials.sign(write_shown(tmp_path, ".png"), *signer, DIGITAL_SOURCE_TYPE, FACTS)
