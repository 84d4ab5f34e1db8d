"""Evaluation at the edge: questions, places and names, tables as JSON, CSV, XLSX, map, bulletin."""
