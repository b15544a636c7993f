"""OME-XML documents, to and from facts."""
