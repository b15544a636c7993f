"""Words of the OME 2016-06 schema: pixel types and the enumerations that omio's facts meet."""

from __future__ import annotations

SCHEMA = "http://www.openmicroscopy.org/Schemas/OME/2016-06"

PIXEL_TYPES = {
    "bool": "bit",
    "int8": "int8",
    "int16": "int16",
    "int32": "int32",
    "uint8": "uint8",
    "uint16": "uint16",
    "uint32": "uint32",
    "float32": "float",
    "float64": "double",
    "complex64": "complex",
    "complex128": "double-complex",
}
"""numpy dtype -> Pixels Type: all that OME knows."""

OTHER = "Other"
"""What each enumeration says of all it does not know."""

ACQUISITION_MODES = frozenset((
    "WideField", "LaserScanningConfocalMicroscopy", "SpinningDiskConfocal", "SlitScanConfocal",
    "MultiPhotonMicroscopy", "StructuredIllumination", "SingleMoleculeImaging", "TotalInternalReflection",
    "FluorescenceLifetime", "SpectralImaging", "FluorescenceCorrelationSpectroscopy",
    "NearFieldScanningOpticalMicroscopy", "SecondHarmonicGenerationImaging", "PALM", "STORM", "STED", "TIRF", "FSM",
    "LCM", OTHER, "BrightField", "SweptFieldConfocal", "SPIM",
))  # fmt: skip
CONTRAST_METHODS = frozenset((
    "Brightfield", "Phase", "DIC", "HoffmanModulation", "ObliqueIllumination", "PolarizedLight", "Darkfield",
    "Fluorescence", OTHER,
))  # fmt: skip
ILLUMINATION_TYPES = frozenset(("Transmitted", "Epifluorescence", "Oblique", "NonLinear", OTHER))
IMMERSIONS = frozenset(("Oil", "Water", "WaterDipping", "Air", "Multi", "Glycerol", OTHER))
CORRECTIONS = frozenset((
    "UV", "PlanApo", "PlanFluor", "SuperFluor", "VioletCorrected", "Achro", "Achromat", "Fluor", "Fl", "Fluar",
    "Neofluar", "Fluotar", "Apo", "PlanNeofluar", OTHER,
))  # fmt: skip
