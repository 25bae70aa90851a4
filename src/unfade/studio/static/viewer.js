// Viewer.
