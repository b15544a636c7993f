"""Arrays as pictures: regions, tiles of virtual levels, thumbnails; the verbs are in `omio.dataset.looking`."""
