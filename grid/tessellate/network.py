"""Lines become a planar network: noded where they cross, dead ends led on where little is missing.

What still leads nowhere afterwards bounds no face; `Network` counts it.
"""

from dataclasses import dataclass

import numpy as np
import shapely

from grid.tessellate.measures import Measures
from grid.tessellate.plane import LATTICE_DEG, Numbers, Plane, Shapes, in_order, on_lattice


@dataclass(frozen=True, slots=True)
class Network:
    """Faces between the lines (polygons in degrees), and what became of the lines.

    *lines* were looked at, *joined* dead ends led on to a line close by; *dead_ends* edges bound
    nothing inside the communities, together *dead_m* metres long.
    """

    faces: Shapes
    lines: int
    joined: int
    dead_ends: int
    dead_m: float


def strokes_of(shapes: Shapes) -> Shapes:
    """Single lines on the lattice out of lines and outlines of polygons; None and points give none.

    In an order of their own, each once, however they came.
    """
    flat = np.asarray(shapely.force_2d(_parts(shapes)))
    kinds = shapely.get_dimensions(flat)
    lines = np.concatenate([flat[kinds == 1], _parts(shapely.boundary(flat[kinds == 2]))])
    strokes = on_lattice(lines)
    return in_order(strokes[shapely.length(strokes) > 0])


def make_network(strokes: Shapes, communities: Shapes, plane: Plane, measures: Measures) -> Network:
    """The faces between *strokes*, in degrees on the lattice, and outlines of *communities*."""
    edges = noded(np.concatenate([strokes, strokes_of(communities)]))
    links = _links(edges, communities, plane, measures.reach_m)
    if len(links):
        edges = noded(np.concatenate([edges, links]))
    faces, cuts, dangles, _ = (
        shapely.get_parts(found) for found in shapely.polygonize_full([*edges])
    )
    dead = _inside(np.concatenate([cuts, dangles]), communities)
    length = float(shapely.length(plane.metres(dead)).sum())
    return Network(in_order(faces), len(strokes), len(links), len(dead), length)


def noded(lines: Shapes) -> Shapes:
    """The lines cut at every crossing, each stretch once, on the lattice."""
    whole = shapely.union_all(lines, grid_size=LATTICE_DEG)
    # The result would carry the grid along into everything made of it.
    return in_order(shapely.set_precision(shapely.get_parts(whole), 0))


def _parts(shapes: Shapes) -> Shapes:
    """Single geometries; a collection may hold multi-geometries, so twice."""
    return np.asarray(shapely.get_parts(shapely.get_parts(shapes)))


def _inside(edges: Shapes, communities: Shapes) -> Shapes:
    """Edges whose middle lies in a community; a road goes on beyond the edge of the city."""
    middle = shapely.line_interpolate_point(edges, 0.5, normalized=True)
    held, _ = shapely.STRtree(communities).query(middle, predicate="intersects")
    return edges[np.unique(held)]


def _links(edges: Shapes, communities: Shapes, plane: Plane, reach_m: float) -> Shapes:
    """From each dead end the shortest line to another edge within reach, in degrees.

    A dead end that is no longer than the reach itself is not worth a link.
    """
    flat = plane.metres(edges)
    own, tips = _dead_ends(edges)
    held, _ = shapely.STRtree(communities).query(tips, predicate="intersects")
    worth = np.unique(held[shapely.length(flat[own[held]]) > reach_m])
    own, tips = own[worth], plane.metres(tips[worth])
    tip, edge = shapely.STRtree(flat).query(tips, predicate="dwithin", distance=reach_m)
    other = edge != own[tip]
    tip, edge = tip[other], edge[other]
    away = shapely.distance(tips[tip], flat[edge])
    order = np.lexsort([edge, np.round(away, 6), tip])
    nearest = order[np.unique(tip[order], return_index=True)[1]]
    links = shapely.shortest_line(tips[tip[nearest]], flat[edge[nearest]])
    return in_order(on_lattice(plane.degrees(links)))


def _dead_ends(edges: Shapes) -> tuple[Numbers, Shapes]:
    """Edges with an end that no other edge has, and those ends as points in degrees."""
    ends = np.concatenate([shapely.get_point(edges, number) for number in (0, -1)])
    edge = np.tile(np.arange(len(edges)), 2)
    _, place, count = np.unique(
        shapely.get_coordinates(ends), axis=0, return_inverse=True, return_counts=True
    )
    alone = count[place.reshape(-1)] == 1
    return edge[alone], ends[alone]
