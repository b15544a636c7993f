"""A project of many acquisitions: found, planned, run, resumed and reported.

``project``  the folder and the choices; ``layouts`` says what its folders mean
``jobs``     what will be done: inputs, merge, destination
``opening``  from a job to its image
``bids``     BIDS microscopy in; ``bidsout`` and ``bidsfiles`` write it
``runner``   carries jobs out, and reports
"""

from omio.batch.bidsout import BidsOut as BidsOut
from omio.batch.jobs import Job as Job
from omio.batch.jobs import Merge as Merge
from omio.batch.layouts import BidsLayout as BidsLayout
from omio.batch.layouts import BidsLikeLayout as BidsLikeLayout
from omio.batch.layouts import FolderLayout as FolderLayout
from omio.batch.layouts import Layout as Layout
from omio.batch.layouts import Level as Level
from omio.batch.layouts import LevelsLayout as LevelsLayout
from omio.batch.layouts import Place as Place
from omio.batch.plan import Plan as Plan
from omio.batch.project import Project as Project
from omio.batch.report import RunReport as RunReport
