"""Documents of one file: folium maps that open without a network, for archives and for mail."""
