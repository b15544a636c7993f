"""`MicroscopyDataset` and its parts."""
