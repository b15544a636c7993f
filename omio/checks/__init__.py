"""Checks of files: whether they are what they say, and what is wrong where they are not.

``validate(path)`` judges a file or a folder, ``each(path)`` the images of a folder one by one. ``diagnose(path)`` also
says which planes can be read, and ``salvage(path)`` opens these.
"""

from omio.checks.diagnosis import Diagnosis as Diagnosis
from omio.checks.diagnosis import diagnose as diagnose
from omio.checks.diagnosis import salvage as salvage
from omio.checks.planes import BrokenPlane as BrokenPlane
from omio.checks.planes import Condition as Condition
from omio.checks.report import Problem as Problem
from omio.checks.report import Report as Report
from omio.checks.validation import each as each
from omio.checks.validation import validate as validate

__all__ = ["BrokenPlane", "Condition", "Diagnosis", "Problem", "Report", "diagnose", "each", "salvage", "validate"]
