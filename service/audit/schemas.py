"""The JSON of the audit trail."""

from marshmallow import fields, validate

from service.fields import PageQuery, QueryTime, Strict, Time, Uuid


class AuditQuery(PageQuery):
    actor = Uuid(metadata={"description": "Who did it"})
    subject = Uuid(metadata={"description": "Whom it concerns"})
    action = fields.String(validate=validate.Length(1, 60), metadata={"description": "Such as `track.read`"})
    from_ = QueryTime(data_key="from")
    to = QueryTime()


class AuditRowSchema(Strict):
    """One change of state, or one look at somebody's data."""

    id = fields.Integer(required=True)
    at = Time(required=True)
    actor_id = Uuid(required=True, allow_none=True)
    role = fields.String(required=True, metadata={"description": "The role that was used, or `system`"})
    session_id = Uuid(required=True, allow_none=True)
    action = fields.String(required=True)
    object_kind = fields.String(required=True)
    object_id = fields.String(required=True, allow_none=True)
    subject_id = Uuid(required=True, allow_none=True)
    purpose = fields.String(required=True, allow_none=True)
    result = fields.String(required=True)
    trace_id = fields.String(required=True, allow_none=True)
    area_code = fields.String(required=True, allow_none=True)


class AuditSchema(Strict):
    items = fields.List(fields.Nested(AuditRowSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
