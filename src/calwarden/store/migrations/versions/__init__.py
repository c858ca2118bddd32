"""One module a migration, in two halves: add before the code, remove after."""
