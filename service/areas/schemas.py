"""The JSON of areas, grids and their revisions, in and out."""

from marshmallow import ValidationError, fields, post_load, pre_dump, validate, validates_schema

from service.areas.models import BASES, LEVELS
from service.fields import Bbox, Code, Number, PageQuery, QueryNumber, QueryTime, Strict, Text, Time, Uuid

SYSTEMS = ("wgs84", "cgcs2000", "gcj02", "bd09")


class AreasQuery(PageQuery):
    """Which areas."""

    parent = Code(12, metadata={"description": "Only those directly below this area"})
    level = fields.String(validate=validate.OneOf(LEVELS))


class CodeAndNameSchema(Strict):
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
    path = fields.List(fields.Nested(CodeAndNameSchema), metadata={"description": "From the prefecture down"})


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
    community = fields.Nested(CodeAndNameSchema)
    valid_from = Time(attribute="since")
    retired_at = Time(allow_none=True)


class GridDetailsSchema(GridPropertiesSchema):
    township = fields.Nested(CodeAndNameSchema)
    county = fields.Nested(CodeAndNameSchema)


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


class WishSchema(Strict):
    """What the properties of a proposed grid may say."""

    code = Code(15)
    community = Code(12)
    name = Text(100)
    basis = fields.String(validate=validate.OneOf(BASES))
    replaces = fields.List(Code(15), validate=validate.Length(max=999))

    @validates_schema
    def belongs_to_a_community(self, data, **_):
        """A code says in which community the grid lies; without one the community must be given."""
        code, community = data.get("code", ""), data.get("community", "")
        if not code and not community:
            raise ValidationError("Give a code, or the community to be numbered in.")
        if code and community and code[:12] != community:
            raise ValidationError("The code belongs to another community.")

    @post_load
    def as_tuple(self, data, **_):
        """Codes to replace never change."""
        return data | {"replaces": tuple(dict.fromkeys(data.get("replaces", ())))}


class WishFeatureSchema(Strict):
    type = fields.String(required=True, validate=validate.Equal("Feature"))
    id = fields.Raw()
    bbox = fields.Raw()
    properties = fields.Dict(required=True, allow_none=True)
    geometry = fields.Raw(required=True, allow_none=True)


class ProposalSchema(Strict):
    """A GeoJSON feature collection of proposed grids."""

    type = fields.String(required=True, validate=validate.Equal("FeatureCollection"))
    name = fields.Raw()
    bbox = fields.Raw()
    features = fields.List(fields.Nested(WishFeatureSchema), required=True)
    retires = fields.List(
        Code(15),
        load_default=list,
        validate=validate.Length(max=5000),
        metadata={"description": "Codes of grids that end without a successor"},
    )

    @validates_schema
    def proposes_something(self, data, **_):
        """An empty file is a mistake."""
        if not data.get("features") and not data.get("retires"):
            raise ValidationError("Nothing is proposed.", "features")


class RevisionQuery(Strict):
    """How to read a file of grids."""

    dry_run = fields.Boolean(load_default=False, truthy={"true"}, falsy={"false"})
    crs = fields.String(
        validate=validate.Regexp(rf"^({'|'.join(SYSTEMS)}|EPSG:[1-9][0-9]{{3,4}})$"),
        metadata={"description": "wgs84, cgcs2000, gcj02, bd09, or EPSG:n; a GeoPackage carries its own"},
    )
    area = Code(12, metadata={"description": "All grids must lie in this area"})


class FindingSchema(Strict):
    """Something to put right (error) or to know (warning)."""

    feature = fields.Integer(allow_none=True, metadata={"description": "Its place in the file, from 0"})
    code = fields.String(allow_none=True)
    kind = fields.String()
    severity = fields.String(validate=validate.OneOf(("error", "warning")))
    detail = fields.String()
    area_m2 = fields.Float(allow_none=True)


class CreatedSchema(Strict):
    code = fields.String()
    name = fields.String()
    community = fields.String()
    area_m2 = fields.Float(allow_none=True)
    basis = fields.String()
    replaces = fields.List(fields.String())


class SummarySchema(Strict):
    features = fields.Integer()
    errors = fields.Integer()
    warnings = fields.Integer()
    creates = fields.Integer()
    retires = fields.Integer(metadata={"description": "Grids that end, with or without successors"})
    by_kind = fields.Dict(keys=fields.String(), values=fields.Integer())


class WeighedSchema(Strict):
    """What a proposal would do, and what speaks against it."""

    summary = fields.Nested(SummarySchema)
    findings = fields.List(fields.Nested(FindingSchema))
    creates = fields.List(fields.Nested(CreatedSchema))


class RevisionSchema(Strict):
    """A change of grids, proposed or approved."""

    id = Uuid()
    status = fields.String()
    number = fields.Integer(allow_none=True, metadata={"description": "Counts the approved ones"})
    area = fields.String(attribute="area_code")
    proposed_at = Time()
    approved_at = Time(allow_none=True)
    report = fields.Nested(WeighedSchema)


class LaySchema(Strict):
    """What to lay grids over, and how."""

    community = Code(12, required=True)
    shape = fields.Raw(metadata={"type": "object", "description": "Polygon or MultiPolygon, WGS-84"})
    by = fields.String(required=True, validate=validate.OneOf(("size", "count", "places")))
    size_m = Number(validate=validate.Range(20, 100_000))
    count = fields.Integer(strict=True, validate=validate.Range(1, 999))
    places = fields.List(
        fields.Tuple((Number(validate=validate.Range(-180, 180)), Number(validate=validate.Range(-90, 90)))),
        validate=validate.Length(1, 999),
    )

    @validates_schema
    def says_how(self, data, **_):
        """Each way of laying needs its own figure."""
        name = {"size": "size_m"}.get(data.get("by"), data.get("by"))
        if name and name not in data:
            raise ValidationError("Missing data for required field.", name)


class LaidPropertiesSchema(Strict):
    code = fields.String()
    name = fields.String()
    basis = fields.String()


class LaidFeatureSchema(Strict):
    type = fields.Constant("Feature")
    geometry = fields.Raw(metadata={"type": "object"})
    properties = fields.Nested(LaidPropertiesSchema)


class LaidSchema(Strict):
    """Grids to propose, as a feature collection that can be posted as it is."""

    type = fields.Constant("FeatureCollection")
    features = fields.List(fields.Nested(LaidFeatureSchema))
