"""The live map and the documents: board, patches, tiles, pages."""
