"""Our code that speaks to Providers: one folder each, found through ``registry`` alone."""
