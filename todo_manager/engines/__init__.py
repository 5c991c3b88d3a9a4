"""Docker engines: where they are, how they are asked, and what an image or container is to us."""
