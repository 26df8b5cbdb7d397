"""Routes: photos by the SHA-256 of what was sent."""

import re

from flask import Response, jsonify, request
from flask.views import MethodView

from service.db import fetch
from service.errors import Invalid
from service.media import actions, queries, store
from service.media.models import NAME
from service.media.parts import read_form, read_part
from service.media.sandbox import DECODER
from service.media.schemas import PhotoSchema, ProgressSchema, SizeQuery
from service.web import Blueprint, answer_problem, caller, here, needs, read_body, scope

blueprint = Blueprint("media", __name__, url_prefix="/api/v1", description="Photos")
BINARY = {"schema": {"type": "string", "format": "binary"}}
PHOTOS = {f"image/{kind}": BINARY for kind in ("jpeg", "png", "webp", "heic", "heif")}
FORM = "multipart/form-data"
FILE = {"schema": {"type": "object", "required": ["file"], "properties": {"file": BINARY["schema"]}}}
CONTENT_RANGE = {
    "in": "header",
    "name": "Content-Range",
    "schema": {"type": "string", "pattern": "^bytes [0-9]+-[0-9]+/[0-9]+$"},
    "description": "The body is these bytes of the photo; without it, the body is the whole",
}
PICTURE = {200: {"description": "The picture", "content": {"image/jpeg": BINARY}}}
HEADERS = {
    "Cache-Control": "private, max-age=86400",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@blueprint.route("/media/<sha256>")
class OnePhoto(MethodView):
    @needs("media:send")
    @blueprint.doc(
        parameters=[CONTENT_RANGE], requestBody={"required": True, "content": PHOTOS | {FORM: FILE}}
    )
    @blueprint.response(201, PhotoSchema)
    @blueprint.alt_response(200, schema=PhotoSchema, description="It is here already")
    @blueprint.alt_response(
        202, schema=ProgressSchema, description="A part has come; go on at `upload_offset`"
    )
    def put(self, sha256):
        """Send a photo, in whole or in parts

        The path names it by the SHA-256 of what is sent, so sending again is harmless, before or after the
        item that names it. What is kept is made anew from the pixels, upright, without anything else that
        stood in the file; where and when it was taken is read before. After a broken connection, ask with
        `HEAD` how far it came (`Upload-Offset`), and go on with `Content-Range`; parts are kept for a day.
        """
        if not re.fullmatch(NAME, sha256):
            raise Invalid(errors={"sha256": ["Not a SHA-256 in 64 small hexadecimal digits."]})
        DECODER.warm(here().settings.photo_pixels)
        body = self._body()
        if "Content-Range" in request.headers:
            part = read_part(request.headers["Content-Range"], body)
            body = actions.add_part(caller().member_id, sha256, part, here().settings)
            if isinstance(body, int):
                return _progress(202, sha256, body)
        return self._keep(sha256, body)

    def _body(self):
        limit = here().settings.photo_bytes
        if request.mimetype != FORM or "Content-Range" in request.headers:
            return read_body(*PHOTOS, limit=limit)
        return read_form(read_body(FORM, limit=limit), request.mimetype_params.get("boundary"))

    def _keep(self, sha256, body):
        try:
            kept = actions.keep(caller().member_id, sha256, body, here().settings)
        except Invalid as problem:  # handed back, so that it stays forgotten
            actions.forget_parts(caller().member_id, sha256)
            return answer_problem(problem)
        answer = jsonify(PhotoSchema().dump(kept.photo))
        answer.status_code = 201 if kept.is_new else 200
        return answer

    @needs("media:read")
    @blueprint.arguments(SizeQuery, location="query")
    @blueprint.doc(responses=PICTURE)
    def get(self, query, sha256):
        """Show a photo, in full or small

        One's own, and those that belong to what one may see. A look at another person's in full leaves a
        row that this person can read.
        """
        photo = fetch(queries.named(queries.visible_to(caller(), scope()), sha256, caller()))
        if query["size"] == "full":
            actions.look(photo, caller())
        picture = store.at(here().settings.media_url).get(photo.id, query["size"])
        answer = Response(picture, content_type="image/jpeg", headers=HEADERS)
        answer.headers["Content-Disposition"] = f'attachment; filename="{photo.sha256}.jpg"'
        answer.set_etag(f"{photo.id}.{query['size']}")
        return answer.make_conditional(request)

    @needs("media:read")
    @blueprint.doc(
        responses={200: {"description": "It is here"}, 204: {"description": "A part is: `Upload-Offset`"}}
    )
    def head(self, sha256):
        """Ask whether a photo is here, or how much of it"""
        known = actions.offset(caller().member_id, sha256)
        if known is not None:
            return _progress(204, sha256, known)
        photo = fetch(queries.named(queries.visible_to(caller(), scope()), sha256, caller()))
        return Response(content_type="image/jpeg", headers=HEADERS | {"ETag": f'"{photo.id}.full"'})


def _progress(status, sha256, known):
    answer = jsonify(ProgressSchema().dump({"sha256": sha256, "upload_offset": known}))
    answer.status_code = status
    answer.headers["Upload-Offset"] = str(known)
    return answer
