"""Showing images to people.

``layers``  what a viewer will show, as plain values that need no window;  ``napari``: handing them to napari
"""
