"""Recipes of arrays: what to read, from where, and how parts are put together. No pixel is read until asked.

``recipe``      the `LazyArray` protocol, the `Recipe` base
``arrays``      arrays in memory and of other libraries
``arranged``    foreign arrays of any axis order
``view``        selections;  ``tree``: concatenations, paddings, casts: pure values over other recipes
``projection``  one dim reduced: mean, standard deviation, extremes, sum
``leaf``        arrays that lie in files;  ``mapped``: their memory maps;  ``tokens``: what names them
``urlstamp``    which state of a remote file was opened
``lifetime``    what ends when a dataset is closed
``handles``     the bounded cache of open files
``pool``        the threads that decode
``blocks``      growing units to blocks, and walking over them;  ``chunks``: how a user cuts an image
``graph``       a recipe as a dask array;  ``store``: a recipe as a read-only zarr array
"""
