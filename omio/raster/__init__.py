"""Arrays as pictures: regions, tiles of virtual levels, thumbnails, pixels; see `omio.dataset.looking` for the verbs."""
