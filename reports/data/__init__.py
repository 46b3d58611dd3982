"""Records as a report needs them: read, merged, put on a board, followed through time."""
