"""The `omio` command: one module a subcommand."""
