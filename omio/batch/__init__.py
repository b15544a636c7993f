"""A project of many acquisitions: found, planned, run, resumed and reported.

``project``    the folder and the choices
``planning``   from its names to jobs
``running``    jobs carried out by processes or a cluster
``reporting``  what came of them
``bids``       BIDS microscopy in and out
"""

from omio.batch.bids.output import BidsOut as BidsOut
from omio.batch.planning.jobs import Job as Job
from omio.batch.planning.jobs import Merge as Merge
from omio.batch.planning.layouts import BidsLayout as BidsLayout
from omio.batch.planning.layouts import BidsLikeLayout as BidsLikeLayout
from omio.batch.planning.layouts import FolderLayout as FolderLayout
from omio.batch.planning.layouts import Layout as Layout
from omio.batch.planning.layouts import Level as Level
from omio.batch.planning.layouts import LevelsLayout as LevelsLayout
from omio.batch.planning.layouts import Place as Place
from omio.batch.planning.plan import Plan as Plan
from omio.batch.project import Project as Project
from omio.batch.reporting.report import RunReport as RunReport
