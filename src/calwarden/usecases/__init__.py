"""What calwarden does for an Application or an Account: one module a use case, grouped by capability."""
