"""Records as a report needs them: read and checked, merged, arranged as claims by places, followed through runs."""
