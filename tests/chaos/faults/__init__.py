"""What strikes the world, one module for each part of it; `strike` knows which does what."""
