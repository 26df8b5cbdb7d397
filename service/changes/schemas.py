"""The JSON of what a phone must know."""

from marshmallow import Schema, fields, validate


class ChangesQuery(Schema):
    cursor = fields.String(
        validate=validate.Length(max=200), metadata={"description": "From the last answer"}
    )


class PhoneGridSchema(Schema):
    code = fields.String(metadata={"description": "15 digits"})
    name = fields.String()
    basis = fields.String()
    outline = fields.Dict(metadata={"description": "Simplified to about 5 m; a GeoJSON geometry"})


class PhoneGridsSchema(Schema):
    items = fields.List(fields.Nested(PhoneGridSchema))
    gone = fields.List(fields.String(), metadata={"description": "Codes to delete"})


class ChangesSchema(Schema):
    cursor = fields.String(metadata={"description": "Ask with it next time"})
    whole = fields.Boolean(metadata={"description": "Whether this replaces everything that the phone has"})
    grids = fields.Nested(PhoneGridsSchema)
