"""The table of settings: one module per group, one row per setting. Nothing else lives here."""
