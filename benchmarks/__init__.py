"""Speed and memory of omio beside the libraries of the field: ``python -m benchmarks TOPIC``.

Every case is a fresh process; the cases of a group take turns, so that load on the machine falls on all of them; a
ratio is the median over the rounds of omio's time divided by its peer's. A case is a function with a name in
``topics``; what it returns is digested and must equal what its peer returns.
"""
