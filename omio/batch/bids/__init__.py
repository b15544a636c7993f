"""BIDS microscopy, in and out.

``names``   what a file's name says, entity by entity
``images``  an image with what the JSON files say of it
``output``  the names of a project's outputs
``files``   what stands beside the images: sidecars, descriptions and tables
"""
