"""The TIFF family: one engine, and a small backend for each dialect.

The engine
----------
``rawfile``      thread-safe reads at positions (``preadv``, else seek and read under a lock)
``ifd``          the chain of pages and the tags of many pages as numpy columns
``layout``       how a page is cut into strips or tiles; refuses what cannot be before anything is allocated
``codecs``       decoding by tifffile and imagecodecs;  ``bounds``: what encoded segments declare of their size
``document``     `TiffDocument`: the open file, held by the handle cache
``dialects``     which dialect a file is, by content
``where``        `Where`, `Affine`, `Table`: which page holds which plane; the small values that recipes carry
``selection``    which segments a key meets;  ``planes``, ``reader``: reading them;  ``runs``: whole planes in few calls
``orientation``  turning pages upright
``extent``       whether declared pixels can be in the file
``axes``         names for the dims along which pages follow;  ``series``: which pages of a plain file belong together
``faults``       errors when strict, else zeros and one warning
``tags``         resolution, date, palette, and all other tags for ``original``
``base``         `TiffBackend`, the base of all backends

How a dialect is added
----------------------
1. A row in `dialects.DIALECTS`: a name, and a test of the open document (tags or description of the first page).
2. A subclass of `TiffBackend` in a module of its own, with ``name`` and ``dialects = ("that name",)``; it gives

   - ``scenes()``;
   - ``array(scene, level)``: ``self.recipe({"T": 5, "C": 2}, planes)``, where ``planes`` says which page holds
     plane (t, z, c). A regular stack is ``Affine.ordered("TZC", sizes, first=0)`` (C fastest here); an irregular one
     ``Table(builder, (argument, ...))`` with a module-level ``builder(document, argument, ...)`` that returns the page
     numbers as an integer array of shape (T, Z, C), -1 for planes that the file has not. Planes behind one IFD
     (``run=0``) and SubIFD levels (``level=k``, k = 1 for the first SubIFD) are said to `recipe`. Planes whose
     samples are channels are wrapped in `omio.lazy.tree.SplitSamples`;
   - ``metadata(scene)``: ``Facts.of(shape, ..., original=self.original())``.

3. A row in `omio.backends.registry` with the same dialect name, so that only this module is imported for such files.

Inside a method, ``with self.document() as document:`` leases the open file: ``document.first`` is tifffile's first
page with all tags, ``document.page(i, level)`` any other, ``document.description``, ``document.layout(i, level)``,
``document.ifds(level).integers(page, code)`` (integer tags of any page without tifffile) and
``document.memo(function, *arguments)`` (computed once while the file is open). Nothing of the document may be kept.

A set of several files has a reader of its own as the opener of its recipe. For each file it leases a `TiffDocument`
and calls ``reader.read_planes(document, where, pages, key[3:], targets)`` with the page numbers that fall to that file
and one target array a page (for instance ``[out[t, z, c] for ...]``).
"""
