"""What the scripts of `docs/examples` find is true."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image

import omio
from omio.testing import makers
from tests.support.examples import FOLDER, SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

type Example = Callable[[str], Any]

LONGEST = 60


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_short_and_say_how_they_are_run(script: str) -> None:
    text = (FOLDER / f"{script}.py").read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST
    assert f"Run it as: python {script}.py [" in text


def test_a_projection_keeps_its_scale(example: Example) -> None:
    source, target = example("made").cells("projection.ome.tif")
    picture = example("max_projection").project(source, target)
    with omio.open(target) as flat:
        np.testing.assert_array_equal(flat.load()[:, 0], makers.cells().max(axis=1))
        assert flat.pixel_size == {"Z": None, "Y": 0.325, "X": 0.325}
        assert flat.metadata.time_increment == makers.TIME_INCREMENT
    with Image.open(picture) as drawn:
        assert len(np.unique(np.asarray(drawn.convert("L")))) > 100


def test_the_ratio_is_that_of_the_light(example: Example) -> None:
    distributed = pytest.importorskip("distributed")
    made = example("made")
    source, target = made.calcium("ratio.ome.zarr")
    with distributed.Client(processes=False, n_workers=1, dashboard_address=None, set_as_default=False) as client:
        means = example("ratio_on_cluster").ratio(source, target, client)
    np.testing.assert_allclose(means, made.RATIOS, rtol=1e-3)
    np.testing.assert_allclose(means.coords["T"], [0, 0.5, 1, 1.5])
    with omio.open(target) as written:
        assert written.dtype == np.float32
        assert [channel.name for channel in written.metadata.channels] == ["ratio"]


def test_tiles_become_the_image_that_they_were_cut_from(example: Example) -> None:
    made = example("made")
    folder, target = made.tiles("whole.ome.tif")
    example("stitch").stitch(folder, target)
    whole = makers.cells((1, 1, 1, made.STEP[0] + made.EXTENT[0], made.STEP[1] + made.EXTENT[1]))[0, 0, 0]
    np.testing.assert_array_equal(tifffile.imread(target), whole)
    with omio.open(target) as image:
        assert [level.shape[3:] for level in image.levels] == [(96, 128), (48, 64), (24, 32)]
        assert image.pixel_size["X"] == makers.PIXEL_SIZE["X"]


def test_a_project_becomes_a_bids_dataset(example: Example) -> None:
    root, output = example("made").mice("bids")
    to_bids = example("to_bids")
    assert len(to_bids.convert(root, output).processed) == 4
    assert len(to_bids.convert(root, output).skipped) == 4
    with omio.open(output / "sub-mouse2/ses-day01/micr/sub-mouse2_ses-day01_sample-brain_FLUO.ome.tif") as image:
        np.testing.assert_array_equal(image.load(), makers.cells())
    assert (output / "participants.tsv").read_text(encoding="utf-8").split()[1:] == ["sub-mouse1", "sub-mouse2"]


def test_objects_are_numbered_as_in_the_whole_image(example: Example) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    source, target = example("made").cells("nuclei.ome.zarr")
    segment = example("segment")
    count = segment.segment(source, target)
    wanted, all_of_them = ndimage.label(makers.cells()[0, 2, 0] > segment.THRESHOLD)
    with omio.open(target) as image:
        found = image.labels["nuclei"].load()[0, 0, 0]
        assert image.labels["nuclei"].pixel_size["X"] == makers.PIXEL_SIZE["X"]
    assert count == all_of_them == found.max()
    pairs = set(zip(found.ravel().tolist(), wanted.ravel().tolist(), strict=True))
    assert len(pairs) == all_of_them + 1  # each number stands for one, and the background for itself


def test_a_folder_becomes_a_page_that_tells_of_what_is_broken(example: Example) -> None:
    folder, page = example("made").project("quicklooks.html")
    assert example("quicklooks").quicklooks(folder, page) == ["broken.tif"]
    text = page.read_text(encoding="utf-8")
    assert text.count("<img") == text.count("<h2>") - 1 == 6
    assert "41.6 µm" in text
    assert re.search("<h2>broken.tif</h2><p>.*broken.tif: ", text)


def test_a_script_runs_on_what_it_makes_itself(tmp_path: Path) -> None:
    command = [sys.executable, str(FOLDER / "quicklooks.py")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env={"TMPDIR": str(tmp_path)})
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().endswith("quicklooks.html (1 could not be read)")
