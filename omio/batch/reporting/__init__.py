"""What came of a run, for programs and for people.

``records``     what became of one job
``journal``     the report on disk: one JSON line a job, flushed when the job ends
``report``      a run read back
``summary``     as plain text; ``html`` as one page with ``thumbnails``
"""
