"""The queries of map layers, and TileJSON."""

from marshmallow import fields

from service.coverage.schemas import LONGEST
from service.fields import Strict, WindowQuery


class TileQuery(WindowQuery):
    """The window that a layer shows; the last 24 hours unless given."""

    longest = LONGEST


class VectorLayerSchema(Strict):
    id = fields.String(required=True)
    columns = fields.Dict(keys=fields.String(), values=fields.String(), required=True, data_key="fields")


class TileJsonSchema(Strict):
    """TileJSON 3.0.0"""

    tilejson = fields.String(required=True)
    name = fields.String(required=True)
    tiles = fields.List(fields.String(), required=True)
    minzoom = fields.Integer(required=True)
    maxzoom = fields.Integer(required=True)
    bounds = fields.List(fields.Float(), required=True)
    vector_layers = fields.List(fields.Nested(VectorLayerSchema), required=True)
