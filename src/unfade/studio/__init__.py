"""The studio: the films of a folder in the browser, to look, decide and mend."""
