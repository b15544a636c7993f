"""Showing images to people.

``layers``  what a viewer will show, as plain values that need no window;
``napari``  handing them to napari;  ``viewers``: or to others
``notebook``  datasets as HTML;  ``contents``: collections and plates;  ``maps``: tiles to pan and zoom
``plot``  figures;  ``terminal``: half blocks
``projections``  which planes of which level a picture shows;  ``pictures``, ``thumbnails``: planes in colours
"""
