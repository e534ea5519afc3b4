"""What runs: processes, commands and the edges to files, stores and networks."""
