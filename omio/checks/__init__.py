"""Checks of files: whether they are what they say, and what is wrong where they are not.

``validate(path)`` judges a file or a folder, ``each(path)`` the images of a folder one by one.
"""

from omio.checks.report import Problem as Problem
from omio.checks.report import Report as Report
from omio.checks.validation import each as each
from omio.checks.validation import validate as validate

__all__ = ["Problem", "Report", "each", "validate"]
