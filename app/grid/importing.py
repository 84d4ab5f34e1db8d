"""`citygrid grid import`: layers from surveys are looked at, told about, and mended when asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pyogrio.errors import DataLayerError, DataSourceError
from rich.table import Table

from app.city.faults import Faults
from app.city.telling import FAULTY, faulty, refused
from app.grid.building import FilesInTheWay
from app.grid.import_reading import Label, Layer, read_import, read_reference
from app.grid.import_results import REPORT, report_of, write_results
from app.screen import screen
from geo.shift import Datum
from grid.importing.finding import Outcome
from grid.importing.survey import TOLERANCE_M2, Rules, surveyed

LEFT: Final = "no layer was written"


def import_(
    files: Annotated[list[str], typer.Argument(help="FILE or FILE:LAYER, any number.")],
    reference: Annotated[
        str | None,
        typer.Option(help="A layer whose place is trusted: roads, areas.", metavar="FILE"),
    ] = None,
    tolerance_m2: Annotated[
        float, typer.Option(help="Overlaps and gaps up to here may be mended.", min=0)
    ] = TOLERANCE_M2,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be mended; else it is only told.")
    ] = False,
    loose: Annotated[
        bool, typer.Option("--loose", help="Areas need not cover the ground: no gaps.")
    ] = False,
    crs: Annotated[
        str | None, typer.Option(help="The true system, if the file's label is wrong.")
    ] = None,
    datum: Annotated[
        Datum, typer.Option(help="The datum of degrees; its shift is taken away.")
    ] = Datum.WGS84,
    encoding: Annotated[str | None, typer.Option(help="Of texts, if nothing says it.")] = None,
    out: Annotated[
        Path, typer.Option(help="Folder to write into.", file_okay=False, metavar="FOLDER")
    ] = Path("import"),
    replace: Annotated[bool, typer.Option("--replace", help="Write over what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Bring layers from surveys to degrees, tell all their faults, and mend what is small."""
    if not replace and (out / REPORT).exists():
        raise refused(FilesInTheWay(out / REPORT), as_json)
    faults = Faults()
    rules = Rules(mend=repair, tolerance_m2=tolerance_m2, gaps=not loose)
    label = Label(crs, datum, encoding)
    with screen(stderr=True, quiet=as_json).status("reading") as status:
        trusted = read_reference(reference, faults) if reference else None
        layers = [read_import(one, label, trusted, faults) for one in files]
        _check_names(layers, faults)
        status.update("looking")
        done = [(one, surveyed(one.shapes, rules)) for one in layers if one.shapes is not None]
        report = report_of(layers, done, rules, faults)
        status.update("writing")
        try:
            write_results(out, [] if faults.found else done, rules, report)
        except (OSError, DataSourceError, DataLayerError) as err:
            raise refused(err, as_json) from err
    if as_json:
        typer.echo(json.dumps(_short(report) | {"out": str(out)}, ensure_ascii=False))
    if faults.found:
        raise typer.Exit(FAULTY) if as_json else faulty(faults.found, as_json, LEFT)
    if not as_json:
        _tell(report, out)
    if any(one.open for _, one in done):
        raise typer.Exit(FAULTY)


def _check_names(layers: list[Layer], faults: Faults) -> None:
    """Every layer is written to a file of its own name."""
    names = [layer.name for layer in layers]
    for number, layer in enumerate(layers):
        if layer.name in names[:number]:
            problem = f"another layer is called {layer.name!r} too"
            faults.add(layer.file, None, "", problem, "Import them one after the other")


def _short(report: dict[str, Any]) -> dict[str, Any]:
    """The report without its long lists."""
    layers = [
        {key: value for key, value in layer.items() if key != "findings"}
        for layer in report["layers"]
    ]
    return {**report, "layers": layers}


def _tell(report: dict[str, Any], out: Path) -> None:
    table = Table("layer", "kind", "found", "m²", "mended", "mendable", "open")
    for layer in report["layers"]:
        for kind, told in layer["kinds"].items():
            numbers = (f"{told[str(outcome)]:,}" for outcome in _OUTCOMES)
            table.add_row(layer["layer"], kind, f"{told['found']:,}", _m2(told), *numbers)
    if table.row_count:
        screen().print(table)
    for layer in report["layers"]:
        wrong = "" if layer["kinds"] else "; nothing is wrong"
        wrote = f"wrote {layer['written']}" if layer["written"] else "no layer written"
        crs, texts = layer["crs"], layer["encoding"]
        read = f"read as {crs['taken']} ({crs['datum']})"
        if texts["taken"] is not None:
            read += f", texts as {texts['taken']}: {texts['why']}"
        typer.echo(f"{layer['layer']}: {layer['features']:,} features {read}; {wrote}{wrong}")
    typer.echo(f"{out}: {REPORT}, findings.gpkg, map.html")


_OUTCOMES: Final = (Outcome.MENDED, Outcome.MENDABLE, Outcome.OPEN)


def _m2(told: dict[str, Any]) -> str:
    return f"{told['area_m2']:,.2f}"
