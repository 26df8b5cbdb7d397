"""The JSON of areas, grids and their revisions, in and out."""

from marshmallow import fields, pre_dump, validate

from service.areas.models import LEVELS
from service.fields import Bbox, Code, PageQuery, QueryNumber, QueryTime, Strict, Time, Uuid

SYSTEMS = ("wgs84", "cgcs2000", "gcj02", "bd09")


class AreasQuery(PageQuery):
    """Which areas."""

    parent = Code(12, metadata={"description": "Only those directly below this area"})
    level = fields.String(validate=validate.OneOf(LEVELS))


class NamedAreaSchema(Strict):
    code = fields.String()
    name = fields.String()


class AreaSchema(Strict):
    """An administrative unit."""

    code = fields.String()
    level = fields.String()
    name = fields.String()
    name_en = fields.String(allow_none=True)
    kind = fields.String(allow_none=True, metadata={"description": "Of a community"})
    parent = fields.String(attribute="parent_code", allow_none=True)
    centre = fields.Function(
        lambda area: area.middle and area.middle["coordinates"],
        metadata={"type": ["array", "null"], "items": {"type": "number"}, "description": "lon, lat"},
    )
    bbox = fields.Function(
        lambda area: area.box and [*area.box["coordinates"][0][0], *area.box["coordinates"][0][2]],
        metadata={
            "type": ["array", "null"],
            "items": {"type": "number"},
            "description": "west, south, east, north",
        },
    )
    grids = fields.Integer(metadata={"description": "Current grids inside that the caller sees"})
    children = fields.Integer(metadata={"description": "Areas directly below that the caller sees"})
    is_synthetic = fields.Boolean(metadata={"description": "Its place was made up for a demonstration"})


class AreaWithPathSchema(AreaSchema):
    path = fields.List(fields.Nested(NamedAreaSchema), metadata={"description": "From the prefecture down"})


class AreasSchema(Strict):
    items = fields.List(fields.Nested(AreaSchema))
    next_cursor = fields.String(allow_none=True)


class GridsQuery(PageQuery):
    """Which grids."""

    area = Code(12, 15, metadata={"description": "An area or one grid"})
    bbox = Bbox(metadata={"type": "string", "description": "west,south,east,north"})
    at = QueryTime(metadata={"description": "Grids as they were then; the current ones unless given"})


class LocateQuery(Strict):
    """A position."""

    lon = QueryNumber(required=True, validate=validate.Range(-180, 180))
    lat = QueryNumber(required=True, validate=validate.Range(-90, 90))
    crs = fields.String(load_default="wgs84", validate=validate.OneOf(SYSTEMS))


class GridPropertiesSchema(Strict):
    code = fields.String()
    name = fields.String()
    basis = fields.String(metadata={"description": "area or checkpoints: what its coverage is measured by"})
    area_m2 = fields.Float()
    community = fields.Nested(NamedAreaSchema)
    valid_from = Time(attribute="since")
    retired_at = Time(allow_none=True)


class GridDetailsSchema(GridPropertiesSchema):
    township = fields.Nested(NamedAreaSchema)
    county = fields.Nested(NamedAreaSchema)


class GridFeatureSchema(Strict):
    """A grid as a GeoJSON feature."""

    type = fields.String()
    id = fields.String()
    geometry = fields.Raw(metadata={"type": "object", "description": "Polygon or MultiPolygon, WGS-84"})
    properties = fields.Nested(GridPropertiesSchema)

    @pre_dump
    def as_feature(self, grid, **_):
        """Part a grid into outline and properties."""
        return {"type": "Feature", "id": grid.code, "geometry": grid.outline, "properties": grid}


class GridWithAreasSchema(GridFeatureSchema):
    properties = fields.Nested(GridDetailsSchema)


class GridsSchema(Strict):
    """Grids as a GeoJSON feature collection."""

    type = fields.Constant("FeatureCollection")
    features = fields.List(fields.Nested(GridFeatureSchema), attribute="items")
    next_cursor = fields.String(allow_none=True)


class VersionSchema(Strict):
    code = fields.String()
    valid_from = Time(attribute="since")
    retired_at = Time(allow_none=True)
    revision_id = Uuid()
    kind = fields.String(metadata={"description": "How it came to be: new, redraw, split, merge"})
    predecessors = fields.List(fields.String())
    successors = fields.List(fields.String())


class LineageSchema(Strict):
    """All versions of a grid, the oldest first."""

    items = fields.List(fields.Nested(VersionSchema))
