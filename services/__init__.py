"""The services of the mesh, each of the same shape; they meet through stubs and events only."""
