"""What is known of an image, in two forms.

``axes``     positions along a dim: regular (origin, spacing, size) or listed
``facts``    `Facts`: plain numbers and arrays that follow every selection; what backends make and recipes carry
``models``   `ImageMetadata` and friends: frozen pydantic models, assembled when a user asks
``_coords``  the only bridge between facts, models and xarray coordinates
``combine``  facts of merged and padded images;  ``compare``: where two images differ
``joining``  positions of merged images;  ``sharing``: what several images say together;  ``channelnames``: equal names
"""
