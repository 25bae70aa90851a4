"""Signs pictures and movies with C2PA manifests in files of their own, and checks them.

Source: C2PA Technical Specification 2.x. The package c2pa-python, an extra, is imported when a
manifest is made or checked. No server is asked, neither for a time stamp nor for a certificate.
"""

import base64
import io
import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from unfade import __version__
from unfade.errors import ProjectError
from unfade.film.provenance import DIGITAL_SOURCE_TYPE
from unfade.work.writing import writing

SIGNED_FORMATS = {".png": "image/png", ".mp4": "video/mp4", ".mov": "video/quicktime"}
"""MIME types, by suffix, of files that are signed. C2PA knows no OpenEXR and no DPX."""

SIDECAR_SUFFIX = ".c2pa"

MISSING_PACKAGE = (
    "the package c2pa-python is not installed; install it with pip install 'unfade[c2pa]'"
)

_CURVE_ALGORITHMS = {256: "es256", 384: "es384", 521: "es512"}
"""Algorithms of C2PA by the size, in bits, of keys on elliptic curves."""

_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
"""A PNG of one pixel, to try out a certificate."""

_UNTRUSTED = "signingCredential.untrusted"
"""Status of a signature by a certificate that is on no list of trust. Such lists need a server, so
none is asked; who signed is for the reader to judge."""


def is_available() -> bool:
    """Whether manifests can be made and checked."""
    return find_spec("c2pa") is not None


def sidecar_of(path: Path) -> Path:
    """The path of the manifest of a file: beside it, with the suffix replaced."""
    return path.with_suffix(SIDECAR_SUFFIX)


def sign(
    path: Path, certificate: Path, key: Path, source_type: str, facts: Mapping[str, str]
) -> Path:
    """Writes the signed manifest of a file beside it, and returns its path.

    Args:
        path: a picture or movie with a suffix of `SIGNED_FORMATS`; it stays as it is.
        certificate: chain of certificates in PEM, the signer's first.
        key: private key of the signer in PEM, without a password.
        source_type: digital source type of the IPTC.
        facts: further entries of the manifest.

    Raises:
        ProjectError: the package is missing, or certificate or key cannot be used.
    """
    manifest = _manifest(path.name, source_type, facts)
    with path.open("rb") as content:
        signed = _signed(content, SIGNED_FORMATS[path.suffix], manifest, certificate, key)
    sidecar = sidecar_of(path)
    with writing(sidecar) as temporary:
        temporary.write_bytes(signed)
    return sidecar


def check_signer(certificate: Path, key: Path) -> None:
    """Signs a picture of one pixel, which is not written.

    Raises:
        ProjectError: the package is missing, or certificate or key cannot be used.
    """
    manifest = _manifest("pixel.png", DIGITAL_SOURCE_TYPE, {})
    _signed(io.BytesIO(_PIXEL), SIGNED_FORMATS[".png"], manifest, certificate, key)


def _signed(
    content: BinaryIO, mime_type: str, manifest: Mapping[str, Any], certificate: Path, key: Path
) -> bytes:
    """The signed manifest of a content.

    Raises:
        ProjectError: the package is missing, or certificate or key cannot be used.
    """
    if not is_available():
        raise ProjectError(
            f"'deliver.c2pa_certificate' is set, but {MISSING_PACKAGE}, or remove it"
        )
    import c2pa

    chain, private = _read(certificate, "c2pa_certificate"), _read(key, "c2pa_key")
    try:
        info = c2pa.C2paSignerInfo(_algorithm(private), chain, private, None)
        builder = c2pa.Builder(json.dumps(manifest))
        builder.set_no_embed()
        signed: bytes = builder.sign(c2pa.Signer.from_info(info), mime_type, content, io.BytesIO())
    except (c2pa.C2paError, ValueError) as error:
        raise ProjectError(
            f"{certificate}: cannot sign with it and {key.name} ({error}); set "
            "'deliver.c2pa_certificate' to a chain of certificates for C2PA, the signer's first, "
            "and 'deliver.c2pa_key' to its private key without password, both in PEM"
        ) from error
    return signed


def fault_of_signature(path: Path) -> str | None:
    """What is wrong with the signed manifest of a file, in words; None if it holds."""
    import c2pa

    try:
        manifest = sidecar_of(path).read_bytes()
        with path.open("rb") as content:
            reader = c2pa.Reader(SIGNED_FORMATS[path.suffix], content, manifest)
            found: dict[str, Any] = json.loads(reader.json())
    except (c2pa.C2paError, OSError, ValueError) as error:
        return f"its signature cannot be read ({error})"
    codes = [one["code"] for one in found.get("validation_status", [])]
    wrong = [code for code in codes if code != _UNTRUSTED]
    return f"its signature does not hold ({wrong[0]})" if wrong else None


def signed_facts(path: Path) -> tuple[str, dict[str, str]]:
    """Who signed a file, and the further entries of its manifest."""
    import c2pa

    with path.open("rb") as content:
        reader = c2pa.Reader(SIGNED_FORMATS[path.suffix], content, sidecar_of(path).read_bytes())
        found = json.loads(reader.json())
    manifest = found["manifests"][found["active_manifest"]]
    own = [one["data"] for one in manifest["assertions"] if one["label"] == "org.unfade.delivery"]
    signature = manifest["signature_info"]
    signer = signature.get("common_name") or signature.get("issuer") or "an unnamed signer"
    return str(signer), own[0] if own else {}


def _manifest(title: str, source_type: str, facts: Mapping[str, str]) -> dict[str, Any]:
    agent = {"name": "Unfade", "version": __version__}
    created = {
        "action": "c2pa.created",
        "digitalSourceType": source_type,
        "softwareAgent": agent,
    }
    return {
        "claim_generator_info": [agent],
        "title": title,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": "org.unfade.delivery", "data": dict(facts)},
        ],
    }


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ProjectError(
            f"{path}: cannot be read ({error.strerror}); correct 'deliver.{setting}', or restore "
            "the file"
        ) from error


def _algorithm(key: bytes) -> str:
    """The algorithm of C2PA for a private key in PEM.

    Raises:
        ValueError: the key cannot be read, has a password, or is of another kind.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(key, password=None)
    except TypeError as error:
        raise ValueError("the key has a password") from error
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.key_size in _CURVE_ALGORITHMS:
        return _CURVE_ALGORITHMS[private.key_size]
    if isinstance(private, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    raise ValueError("C2PA has no algorithm for this kind of key")
