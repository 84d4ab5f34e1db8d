"""What reads vector files (GDAL) reads the file it is given, and nothing else.

Some of its drivers take a text for the address of another file, a service or a program, and they
look at the content, not at the name: a pack that holds such a text would read what the server can
read. GDAL asks the environment once, when it is loaded, so this is set before anything of ours
can load it. That a file is what its name says is looked at in `app.city.disguise`.
"""

from __future__ import annotations

import os
from typing import Final

DRIVERS: Final = frozenset({
    "AVCBin", "AVCE00", "CSV", "DGN", "DXF", "ESRI Shapefile", "ESRIJSON", "FlatGeobuf", "GML",
    "GPKG", "GPX", "GeoJSON", "GeoJSONSeq", "GeoRSS", "JML", "JSONFG", "KML", "LIBKML", "MBTiles",
    "MEM", "MapInfo File", "ODS", "OSM", "OpenFileGDB", "SQLite", "TopoJSON", "XLSX",
})  # fmt: skip
"""What surveys come in, each a file that holds its own features."""

REFUSED: Final = (
    "ADBC", "AIVector", "AmigoCloud", "Arrow", "CSW", "Cad", "Carto", "DB2ODBC", "EDIGEO", "EEDA",
    "Elasticsearch", "GDALG", "GMLAS", "GMT", "GPSBabel", "GTFS", "Geoconcept", "HANA", "HTTP",
    "Idrisi", "Interlis 1", "Interlis 2", "LVBAG", "MSSQLSpatial", "MVT", "MapML",
    "MiraMonVector", "MongoDBv3", "MySQL", "NAS", "NGW", "NWT_GRC", "NWT_GRD", "OAPIF", "OCI",
    "ODBC", "OGCAPI", "OGR_GMT", "OGR_PDS", "OGR_VRT", "PCIDSK", "PDF", "PDS4", "PGDUMP", "PGeo",
    "PLSCENES", "PMTiles", "Parquet", "PostgreSQL", "S57", "SEGY", "SOSI", "SXF", "Selafin",
    "VDV", "VFK", "VICAR", "WAsP", "WFS", "netCDF",
)  # fmt: skip
"""All others: what points elsewhere, asks the network or runs a program, and the rest."""

SETTINGS: Final = {
    "GDAL_SKIP": ",".join(REFUSED),
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GML_DOWNLOAD_SCHEMA": "NO",
    "OGR_SQLITE_STATIC_VIRTUAL_OGR": "NO",
}


def enclose() -> None:
    """Set it for this process and those that it starts."""
    os.environ.update(SETTINGS)
