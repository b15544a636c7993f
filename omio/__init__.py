"""omio: the dataset layer between microscope files and analysis code.

The table of contents of the public names; each is imported at first use, so that ``import omio`` costs nothing.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # importing typing for it would be a fifth of the time of `omio --help`
if TYPE_CHECKING:
    from typing import Any

    from omio import backends as backends
    from omio import batch as batch
    from omio import errors as errors
    from omio import functional as functional
    from omio import serve as serve
    from omio import testing as testing
    from omio import writers as writers
    from omio.backends import register_backend as register_backend
    from omio.backends.base import Backend as Backend
    from omio.backends.base import Confidence as Confidence
    from omio.collection import MicroscopyCollection as MicroscopyCollection
    from omio.collection import Plate as Plate
    from omio.collection import Well as Well
    from omio.collection import open_collection as open_collection
    from omio.collection import open_folder as open_folder
    from omio.collection.canvas import TileCanvas as TileCanvas
    from omio.dataset import MicroscopyDataset as MicroscopyDataset
    from omio.dataset.merging import merge as merge
    from omio.dataset.opening import open as open
    from omio.dataset.placing import mosaic as mosaic
    from omio.dataset.sequence.opening import open_sequence as open_sequence
    from omio.errors import OmioError as OmioError
    from omio.errors import OmioWarning as OmioWarning
    from omio.functional import OME_metadata_checkup as OME_metadata_checkup
    from omio.functional import batch_create_thorlabs_raw_yaml_templates as batch_create_thorlabs_raw_yaml_templates
    from omio.functional import bids_batch_convert as bids_batch_convert
    from omio.functional import bids_batch_process as bids_batch_process
    from omio.functional import cleanup_omio_cache as cleanup_omio_cache
    from omio.functional import convert_bids_batch_to_ometiff as convert_bids_batch_to_ometiff
    from omio.functional import convert_to_ometiff as convert_to_ometiff
    from omio.functional import create_empty_image as create_empty_image
    from omio.functional import create_empty_metadata as create_empty_metadata
    from omio.functional import create_thorlabs_raw_yaml as create_thorlabs_raw_yaml
    from omio.functional import discover_bids_like_batch_images as discover_bids_like_batch_images
    from omio.functional import imconvert as imconvert
    from omio.functional import imread as imread
    from omio.functional import imwrite as imwrite
    from omio.functional import open_in_napari as open_in_napari
    from omio.functional import update_metadata_from_image as update_metadata_from_image
    from omio.functional import version as version
    from omio.functional import write_ometiff as write_ometiff
    from omio.metadata.facts import Facts as Facts
    from omio.metadata.models import Annotation as Annotation
    from omio.metadata.models import Axis as Axis
    from omio.metadata.models import Channel as Channel
    from omio.metadata.models import ImageMetadata as ImageMetadata
    from omio.metadata.models import Objective as Objective
    from omio.metadata.models import StagePosition as StagePosition
    from omio.metadata.models import Step as Step
    from omio.policies.axes import AsChannels as AsChannels
    from omio.policies.axes import AsDepth as AsDepth
    from omio.policies.axes import Assume as Assume
    from omio.policies.axes import AsTime as AsTime
    from omio.policies.axes import AxesPolicy as AxesPolicy
    from omio.policies.axes import LikeImageJ as LikeImageJ
    from omio.policies.axes import RequireNamed as RequireNamed
    from omio.policies.base import Policy as Policy
    from omio.policies.merge import CroppedMerge as CroppedMerge
    from omio.policies.merge import MergePolicy as MergePolicy
    from omio.policies.merge import PaddedMerge as PaddedMerge
    from omio.policies.merge import StrictMerge as StrictMerge
    from omio.policies.metadata import MetadataPolicy as MetadataPolicy
    from omio.policies.mosaic import MosaicMerge as MosaicMerge
    from omio.policies.pad import ConstantPad as ConstantPad
    from omio.policies.pad import EdgePad as EdgePad
    from omio.policies.pad import PadPolicy as PadPolicy
    from omio.policies.pad import ReflectPad as ReflectPad
    from omio.policies.pad import ZeroPad as ZeroPad
    from omio.policies.size import InferT as InferT
    from omio.policies.size import InferZ as InferZ
    from omio.policies.size import RefuseMismatch as RefuseMismatch
    from omio.policies.size import SizeMismatch as SizeMismatch
    from omio.policies.size import TruncateT as TruncateT
    from omio.policies.style import Style as Style
    from omio.policies.view import BrowserView as BrowserView
    from omio.policies.view import CachedView as CachedView
    from omio.policies.view import MemoryView as MemoryView
    from omio.policies.view import ViewerPolicy as ViewerPolicy
    from omio.policies.view import ViewPolicy as ViewPolicy
    from omio.policies.write import OmeZarrPolicy as OmeZarrPolicy
    from omio.policies.write import ReferencePolicy as ReferencePolicy
    from omio.policies.write import WritePolicy as WritePolicy
    from omio.policies.write import ZarrPolicy as ZarrPolicy
    from omio.raster.cache import cache_info as cache_info
    from omio.settings import config as config
    from omio.viewing.napari import view as view
    from omio.viewing.viewers import Viewer as Viewer
    from omio.viewing.viewers import register_viewer as register_viewer
    from omio.writers import register_writer as register_writer
    from omio.writers.base import Writer as Writer
    from omio.writers.report import WriteReport as WriteReport

__version__ = "0.1.0"

_HOMES = {
    "omio.backends": ("register_backend",),
    "omio.backends.base": ("Backend", "Confidence"),
    "omio.collection": ("MicroscopyCollection", "Plate", "Well", "open_collection", "open_folder"),
    "omio.collection.canvas": ("TileCanvas",),
    "omio.dataset": ("MicroscopyDataset",),
    "omio.dataset.merging": ("merge",),
    "omio.dataset.opening": ("open",),
    "omio.dataset.placing": ("mosaic",),
    "omio.dataset.sequence.opening": ("open_sequence",),
    "omio.errors": ("OmioError", "OmioWarning"),
    "omio.functional": (
        "OME_metadata_checkup",
        "batch_create_thorlabs_raw_yaml_templates",
        "bids_batch_convert",
        "bids_batch_process",
        "cleanup_omio_cache",
        "convert_bids_batch_to_ometiff",
        "convert_to_ometiff",
        "create_empty_image",
        "create_empty_metadata",
        "create_thorlabs_raw_yaml",
        "discover_bids_like_batch_images",
        "imconvert",
        "imread",
        "imwrite",
        "open_in_napari",
        "update_metadata_from_image",
        "version",
        "write_ometiff",
    ),
    "omio.metadata.facts": ("Facts",),
    "omio.metadata.models": (
        "Annotation",
        "Axis",
        "Channel",
        "ImageMetadata",
        "Objective",
        "StagePosition",
        "Step",
    ),
    "omio.policies.axes": (
        "AsChannels",
        "AsDepth",
        "AsTime",
        "Assume",
        "AxesPolicy",
        "LikeImageJ",
        "RequireNamed",
    ),
    "omio.policies.base": ("Policy",),
    "omio.policies.merge": ("CroppedMerge", "MergePolicy", "PaddedMerge", "StrictMerge"),
    "omio.policies.metadata": ("MetadataPolicy",),
    "omio.policies.mosaic": ("MosaicMerge",),
    "omio.policies.pad": ("ConstantPad", "EdgePad", "PadPolicy", "ReflectPad", "ZeroPad"),
    "omio.policies.size": ("InferT", "InferZ", "RefuseMismatch", "SizeMismatch", "TruncateT"),
    "omio.policies.style": ("Style",),
    "omio.policies.view": ("BrowserView", "CachedView", "MemoryView", "ViewPolicy", "ViewerPolicy"),
    "omio.policies.write": ("OmeZarrPolicy", "ReferencePolicy", "WritePolicy", "ZarrPolicy"),
    "omio.raster.cache": ("cache_info",),
    "omio.settings": ("config",),
    "omio.viewing.napari": ("view",),
    "omio.viewing.viewers": ("Viewer", "register_viewer"),
    "omio.writers": ("register_writer",),
    "omio.writers.base": ("Writer",),
    "omio.writers.report": ("WriteReport",),
}
_MODULES = ("backends", "batch", "errors", "functional", "serve", "testing", "writers")
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_MODULES, *_HOME_OF]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"omio.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'omio' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
