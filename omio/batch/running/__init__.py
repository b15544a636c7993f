"""Carrying out what was planned, and going on where a run ended.

``runner``       the loop: judge, hand out, report
``judge``        whether a job is done already, by the ``fingerprint`` of its inputs
``setup``        what all jobs of a run share, and one job as a worker gets it
``crew``         who works: this process, processes, a cluster; ``foreman`` stands beside each process
``work``         what a worker does with a job; ``opening`` is its first step
``progress``     a bar with the time left
"""
