"""Against a server that speaks S3: reading, writing, and public buckets."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

import omio
from omio import errors
from omio.remote import looks

if TYPE_CHECKING:
    from tests.remote.s3 import S3

PIXELS = np.random.default_rng(0).integers(0, 99, (600, 500), "u2")


@pytest.fixture
def stored(s3: S3) -> str:
    content = io.BytesIO()
    tifffile.imwrite(content, PIXELS, tile=(128, 128), compression="zlib")
    return s3.put("in/a.tif", content.getvalue())


def test_tiff_is_read_and_written(s3: S3, stored: str) -> None:
    image = omio.open(stored, storage_options=s3.options)
    np.testing.assert_array_equal(image.load().squeeze(), PIXELS)
    report = image.to_ometiff("s3://run/out/a.ome.tif", storage_options=s3.options, overwrite="replace")
    assert (report.path, report.nbytes) == ("s3://run/out/a.ome.tif", s3.system.size("run/out/a.ome.tif"))
    again = omio.open(report.path, storage_options=s3.options)
    np.testing.assert_array_equal(again.load(), image.load())
    assert s3.options["secret"] not in f"{again.metadata.provenance}{report}"


def test_omezarr_is_written_and_read(s3: S3, stored: str) -> None:
    image = omio.open(stored, storage_options=s3.options)
    report = image.to_omezarr("s3://run/out/a.ome.zarr", storage_options=s3.options, overwrite="replace")
    again = omio.open(report.path, storage_options=s3.options)
    np.testing.assert_array_equal(again.load(), image.load())


def test_names_that_are_taken(s3: S3, stored: str) -> None:
    image = omio.open(stored, storage_options=s3.options)
    url = "s3://run/taken/a.ome.tif"
    image.to_ometiff(url, storage_options=s3.options)
    before = s3.system.cat_file("run/taken/a.ome.tif")
    with pytest.raises(errors.DestinationExistsError):
        image.isel(X=slice(9)).to_ometiff(url, storage_options=s3.options)
    assert image.to_ometiff(url, storage_options=s3.options, overwrite="increment").path.endswith("/a-1.ome.tif")
    assert s3.system.cat_file("run/taken/a.ome.tif") == before
    with pytest.raises(errors.SourceOverwriteError):
        omio.open(url, storage_options=s3.options).to_ometiff(url, storage_options=s3.options, overwrite="replace")


def test_nothing_lies_there_when_writing_fails(s3: S3, stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = omio.open(stored, storage_options=s3.options)
    monkeypatch.setattr("omio.writers.tiffstream._length", lambda pending: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        image.to_ometiff("s3://run/failed/a.ome.tif", storage_options=s3.options)
    assert not s3.system.exists("run/failed")


def test_buckets_and_keys_that_are_not_there(s3: S3) -> None:
    for url in ("s3://run/nothing.tif", "s3://nothing/a.tif", "s3://run/nothing.ome.zarr"):
        with pytest.raises(errors.FileMissingError):
            omio.open(url, storage_options=s3.options)


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide credentials of the machine, and remember no bucket that was told of."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(looks, "_told", set())


@pytest.mark.usefixtures("no_keys")
def test_public_objects_need_no_account(s3: S3, stored: str) -> None:
    s3.system.chmod("run/in/a.tif", "public-read")
    options = {"endpoint_url": s3.endpoint}
    with pytest.warns(omio.OmioWarning, match="it is read without any"):
        image = omio.open(stored, storage_options=options)
    np.testing.assert_array_equal(image.load().squeeze(), PIXELS)
    assert omio.open(stored, storage_options=options).shape == image.shape, "told once"


@pytest.mark.usefixtures("no_keys")
def test_private_objects_are_denied(s3: S3) -> None:
    url = s3.put("in/private.tif", b"II*\0")
    with pytest.raises(errors.FileAccessError, match="storage_options"):
        omio.open(url, storage_options={"endpoint_url": s3.endpoint})
