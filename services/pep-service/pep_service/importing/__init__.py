"""The authority's own files (SSDA903 header and episodes, and our people file) become children."""
