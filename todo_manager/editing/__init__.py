"""Plans edited from the command line: in their file, or as a proposal kept beside them."""
