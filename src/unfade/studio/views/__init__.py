"""One view a page: its routes, what it shows, and the commands that it takes."""
