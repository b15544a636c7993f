"""What will be done, from names alone: no image is opened.

``layouts``       what the folders of a project mean; ``matching`` says whether a name meets a word
``grouping``      which images become one
``units``         from the images of a project to its jobs
``jobs``          one output: inputs, merge, destination; ``plan`` is all of them
``destinations``  names of outputs, no two alike
"""
