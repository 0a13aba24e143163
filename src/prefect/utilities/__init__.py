"""Small tools with no knowledge of runs, stores or the API; each module is one kind of thing."""
