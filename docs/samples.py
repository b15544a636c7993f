"""Images that look like microscopy, drawn from formulas: what the pictures of these pages show."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from omio import MicroscopyDataset

CHANNELS = (
    {"name": "DAPI", "excitation_nm": 405.0, "emission_nm": 450.0, "color": "#3C78FF"},
    {"name": "Phalloidin-AF488", "excitation_nm": 488.0, "emission_nm": 520.0, "color": "#00FF66"},
    {"name": "MitoTracker Red", "excitation_nm": 561.0, "emission_nm": 599.0, "color": "#FF3CA0"},
)
DEPTHS, EDGE = 16, 512
PIXEL_SIZE = {"Z": 0.4, "Y": 0.13, "X": 0.13}

type Floats = NDArray[np.float64]


def cells(seed: int = 11) -> MicroscopyDataset:
    """Return cells in culture: nuclei, actin and mitochondria; Z 16, C 3, Y 512, X 512, uint16."""
    random = np.random.default_rng(seed)
    centres = _apart(random, 9)
    territory, edge = _territories(centres)
    planes = [
        _nuclei(random, centres),
        _fibres(random, centres, territory) + 0.9 * edge,
        _mitochondria(random, centres, territory),
    ]
    depth = np.arange(DEPTHS)[:, None, None]
    stack = np.empty((1, DEPTHS, 3, EDGE, EDGE), np.uint16)
    for channel, (plane, middle, thickness) in enumerate(zip(planes, (8, 4, 7), (3.2, 2.2, 3.0), strict=True)):
        lit = plane * np.exp(-(((depth - middle) / thickness) ** 2))
        haze = np.stack([_blurred(plane, 14) * 0.12] * DEPTHS)
        stack[0, :, channel] = _noisy(random, lit + haze)
    return MicroscopyDataset.from_array(
        stack, "TZCYX", pixel_size=PIXEL_SIZE, channels=CHANNELS, name="U2OS-fixed-003"
    ).with_metadata(
        objective={"name": "Plan-Apochromat 63x/1.40 Oil", "magnification": 63.0, "na": 1.4, "immersion": "Oil"},
        acquired="2026-03-14T10:21:33",
    )


def _grid() -> tuple[Floats, Floats]:
    rows, columns = np.mgrid[:EDGE, :EDGE].astype(float)
    return rows, columns


def _apart(random: np.random.Generator, count: int) -> Floats:
    """Return points none of which is near another."""
    points: list[Any] = []
    while len(points) < count:
        point = random.uniform(35, EDGE - 35, 2)
        if all(np.hypot(*(point - other)) > 118 for other in points):
            points.append(point)
    return np.array(points)


def _territories(centres: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Return which cell each pixel belongs to, and how near it is to the border of that."""
    rows, columns = _grid()
    bend = 16 * np.sin(columns / 37) + 12 * np.cos((rows + columns) / 53)
    distance = np.hypot(rows - centres[:, 0, None, None] + bend, columns - centres[:, 1, None, None] - bend)
    nearest = np.sort(distance, axis=0)
    inside = nearest[0] < 108
    rim = np.exp(-(((nearest[1] - nearest[0]) / 4) ** 2)) + np.exp(-(((nearest[0] - 106) / 3) ** 2))
    return np.where(inside, distance.argmin(axis=0), -1), np.clip(rim, 0, 1) * (nearest[0] < 112)


def _nuclei(random: np.random.Generator, centres: Floats) -> Floats:
    """Draw ellipses with bright spots of chromatin and dark nucleoli."""
    rows, columns = _grid()
    texture = _texture(random, 3.5)
    whole = np.zeros((EDGE, EDGE))
    for row, column in centres:
        angle, wide, tall = random.uniform(0, np.pi), random.uniform(26, 32), random.uniform(20, 25)
        along = (columns - column) * np.cos(angle) + (rows - row) * np.sin(angle)
        across = (rows - row) * np.cos(angle) - (columns - column) * np.sin(angle)
        body = 1 / (1 + np.exp(9 * (np.hypot(along / wide, across / tall) - 1)))
        for _ in range(3):
            y, x = random.uniform(-11, 11, 2)
            body *= 1 - 0.75 * np.exp(-(((rows - row - y) ** 2 + (columns - column - x) ** 2) / 14))
        whole += body * (0.55 + 0.45 * texture) * random.uniform(0.7, 1)
    return whole


def _fibres(random: np.random.Generator, centres: Floats, territory: NDArray[np.intp]) -> Floats:
    """Draw bundles of fibres that run across each cell in a direction of its own."""
    rows, columns = _grid()
    whole = np.zeros((EDGE, EDGE))
    for number, (row, column) in enumerate(centres):
        angle = random.uniform(0, np.pi)
        across = (rows - row) * np.cos(angle) - (columns - column) * np.sin(angle)
        bent = across + 9 * np.sin(((columns - column) * np.cos(angle) + (rows - row) * np.sin(angle)) / 45)
        bundles = sum(
            random.uniform(0.25, 1) * np.exp(-(((bent - place) / random.uniform(0.9, 1.7)) ** 2))
            for place in random.uniform(-95, 95, 34)
        )
        whole += np.where(territory == number, bundles, 0)
    return _blurred(whole * (0.5 + 0.5 * _texture(random, 25)), 0.8)


def _mitochondria(random: np.random.Generator, centres: Floats, territory: NDArray[np.intp]) -> Floats:
    """Draw short threads that wander around each nucleus."""
    whole = np.zeros((EDGE, EDGE))
    for number, centre in enumerate(centres):
        for _ in range(85):
            angle = random.uniform(0, 2 * np.pi)
            point = centre + random.uniform(34, 88) * np.array([np.sin(angle), np.cos(angle)])
            heading = angle + random.normal(0, 0.6)
            for _ in range(int(random.uniform(12, 40))):
                heading += random.normal(0, 0.25)
                point = point + 0.9 * np.array([np.sin(heading), np.cos(heading)])
                row, column = (int(value) for value in point)
                if 0 <= row < EDGE and 0 <= column < EDGE and territory[row, column] == number:
                    whole[row, column] = 1
    return 5 * _blurred(whole, 1.5)


def _texture(random: np.random.Generator, size: float) -> Floats:
    """Return smooth noise from 0 to 1."""
    smooth = _blurred(random.normal(size=(EDGE, EDGE)), size)
    return np.clip(0.5 + smooth / (4 * smooth.std()), 0, 1)


def _blurred(plane: Floats, sigma: float) -> Floats:
    frequency = np.fft.fftfreq(EDGE)
    kernel = np.exp(-2 * (np.pi * sigma * frequency) ** 2)
    blurred: Floats = np.fft.ifft2(np.fft.fft2(plane) * kernel[:, None] * kernel).real
    return blurred


def _noisy(random: np.random.Generator, light: Floats) -> NDArray[np.uint16]:
    """Count photons, add the noise of a camera and its offset."""
    counts = random.poisson(np.clip(light, 0, None) * 1500) * 2 + random.normal(100, 4, light.shape)
    return np.clip(counts, 0, 65535).astype(np.uint16)
