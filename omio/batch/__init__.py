"""A project of many acquisitions: found, planned, run, resumed and reported.

``jobs``     what will be done: inputs, merge, destination
"""
