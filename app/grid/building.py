"""`citygrid grid build`: communities and lines become the cells of a pack, with a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import shapely
import typer
from pyogrio.errors import DataSourceError
from rich.table import Table

from app.city.faults import Faults
from app.city.layers import Shapes
from app.city.telling import faulty, refused
from app.grid.areas import Territory, read_territory
from app.grid.reading import layer_of, read_vector, shapes_in_degrees
from app.grid.results import report_of, write_results
from app.screen import screen
from grid.errors import GridError
from grid.tessellate import Ground, Measures, Tessellation, tessellate
from grid.tessellate.errors import OverlappingCommunities, ShapelessCommunity, TooManyCells
from grid.tessellate.measures import LEAST_TARGET_M2, MOST_TARGET_M2, TARGET_M2

LEFT: Final = "nothing was written"


class FilesInTheWay(Exception):
    """The folder holds cells already."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} is there already; name another folder, or say --replace")
        self.file = file


def build(
    areas: Annotated[
        str, typer.Option(help="Areas or communities: FILE or FILE:LAYER.", metavar="FILE")
    ],
    lines: Annotated[
        list[str] | None,
        typer.Option(
            help="Roads, rivers, railways, walls: FILE or FILE:LAYER; may be repeated.",
            metavar="FILE",
        ),
    ] = None,
    target_m2: Annotated[
        float, typer.Option(help="Size of a good cell.", min=LEAST_TARGET_M2, max=MOST_TARGET_M2)
    ] = TARGET_M2,
    out: Annotated[
        Path, typer.Option(help="Folder to write into.", file_okay=False, metavar="FOLDER")
    ] = Path("grid"),
    replace: Annotated[bool, typer.Option("--replace", help="Write over what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make unit cells from communities and lines: cells, areas, report and map."""
    if not replace and (out / "cells.gpkg").exists():
        raise refused(FilesInTheWay(out / "cells.gpkg"), as_json)
    faults = Faults()
    console = screen(stderr=True, quiet=as_json)
    with console.status("reading") as status:
        territory = read_territory(areas, faults)
        strokes = _lines(lines or [], faults)
        made = None
        if territory is not None and not faults.found:
            ground = Ground(territory.areas, territory.shapes, strokes)
            made = _made(territory, ground, Measures(target_m2), status.update, faults)
        if made is None or territory is None:
            raise faulty(faults.found, as_json, LEFT)
        status.update("writing")
        report = report_of(made, territory, lines or [], target_m2)
        try:
            write_results(out, made, strokes, report)
        except (OSError, DataSourceError) as err:
            raise refused(err, as_json) from err
    _tell(report, out, as_json)


def _lines(arguments: list[str], faults: Faults) -> Shapes:
    """All lines and outlines of all files, in degrees."""
    found: list[Shapes] = []
    for argument in arguments:
        frame = read_vector(argument, faults)
        if frame is None:
            continue
        file = layer_of(argument)[0].name
        shapes = shapes_in_degrees(file, frame, faults)
        if shapes is not None and not (shapely.get_dimensions(shapes) >= 1).any():
            remedy = "Hand in lines, or areas whose outlines count"
            faults.add(file, None, "geometry", "it holds no lines", remedy)
        elif shapes is not None:
            found.append(shapes)
    return np.concatenate([*found, np.empty(0, dtype=object)])


def _made(
    territory: Territory, ground: Ground, measures: Measures, progress: Any, faults: Faults
) -> Tessellation | None:
    """The cells; None and a fault, with file and row, for what cannot be divided."""
    try:
        return tessellate(ground, measures, progress)
    except GridError as err:
        match err:
            case ShapelessCommunity(code=code) | TooManyCells(community=code):
                row = territory.row_of(code)
            case OverlappingCommunities(other=code):
                row = territory.row_of(code)
            case _:
                row = None
        field = "code" if isinstance(err, TooManyCells) else "geometry"
        faults.add(territory.file, row, field, str(err), "See docs/grid.md")
        return None


def _tell(report: dict[str, Any], out: Path, as_json: bool) -> None:
    if as_json:
        told = {key: value for key, value in report.items() if key not in ("merges", "cuts")}
        counts = {"merged": len(report["merges"]), "cut": len(report["cuts"])}
        typer.echo(json.dumps({"ok": True, **told, **counts, "out": str(out)}, ensure_ascii=False))
        return
    sizes, coverage = report["sizes_m2"], report["coverage"]
    table = Table("", "", show_header=False)
    table.add_row("cells", f"{report['cells']:,} in {report['communities']:,} communities")
    table.add_row("median size", f"{sizes['median']:,.0f} m²")
    table.add_row("nine of ten", f"{sizes['p05']:,.0f} to {sizes['p95']:,.0f} m²")
    table.add_row("slivers merged", f"{len(report['merges']):,}")
    table.add_row("large faces cut", f"{len(report['cuts']):,}")
    table.add_row("overlap, gap", f"{coverage['overlap_m2']:.2f} m², {coverage['gap_m2']:.2f} m²")
    screen().print(table)
    typer.echo(f"written to {out}: cells.gpkg, areas.gpkg, report.json, map.html")
