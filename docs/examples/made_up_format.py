"""A backend for a made-up format: a line that says LUMEN, a line of JSON, then pixels of 16 bits.

Run it as: python made_up_format.py [IMAGE.lumen RESULT.ome.tif]
"""

import sys

import made
import numpy as np
from pydantic import BaseModel, PositiveInt

import omio
from omio.indexing import orthogonal, to_numpy
from omio.lazy.leaf import FileRecipe


class Header(BaseModel):
    shape: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt, PositiveInt]
    pixel_size: dict[str, float] = {}
    time_increment: float | None = None
    channels: list[dict[str, str]] = []


class LumenFile:
    def __init__(self, path):
        with open(path, "rb") as file:
            first, second = file.readline(8), file.readline(65536)
        try:
            header = Header.model_validate_json(second)
            self.facts = omio.Facts.of(**header.model_dump())
            self.pixels = np.memmap(path, "<u2", "r", len(first + second)).reshape(header.shape)
        except (ValueError, TypeError) as error:  # of pydantic, of omio, of numpy where the length is another
            raise omio.errors.DamagedFileError("has no true header, or is cut off", path=path) from error

    def read(self, where, key, out):
        out[...] = orthogonal(map(to_numpy, key), self.pixels)

    def close(self):
        del self.pixels


class LumenBackend(omio.Backend):
    name, extensions, magic = "lumen", (".lumen",), (b"LUMEN\n",)

    def scenes(self):
        return ("0",)

    def metadata(self, scene):
        return LumenFile(self.path).facts

    def array(self, scene, level=0):
        pixels = LumenFile(self.path).pixels
        return FileRecipe(LumenFile, self.stamp, (), None, pixels.shape, pixels.dtype, (1, 1, 1, *pixels.shape[3:]))


if __name__ == "__main__":
    omio.register_backend(LumenBackend)
    source, target = sys.argv[1:] or made.lumen("cells.ome.tif")
    print(omio.open(source).to_ometiff(target, overwrite="replace").path)
