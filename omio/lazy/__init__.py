"""Recipes of arrays: what to read, from where, and how parts are put together. No pixel is read until asked.

``recipe``    the `LazyArray` protocol, the `Recipe` base, and arrays in memory
``tree``      views, concatenations, paddings: pure values over other recipes
``leaf``      arrays that lie in files
``handles``   the bounded cache of open files
``pool``      the threads that decode
``chunks``    how an image is cut into blocks
``graph``     a recipe as a dask array;  ``store``: a recipe as a read-only zarr array
"""
