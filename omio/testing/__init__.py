"""Published conformance suites, strategies and file makers."""
