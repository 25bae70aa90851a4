"""Pictures of the viewer: any frame of a film as half floats, made on demand, kept for a while."""
