"""Forms that bring a file or a part of one: how large they may be, and the file in them."""

from __future__ import annotations

from collections.abc import Mapping

from vectorlog.api.input import refusals
from vectorlog.api.input.form import Form, FormRule, SpooledFile
from vectorlog.defaults import PARTS_ADVICE, UploadLimits


def form_rule(file_field: str, limits: UploadLimits) -> FormRule:
    """Returns the rule for a route whose file is in this field: `file`, or `data` for a part of an upload."""
    if file_field == "data":
        advice = (
            f"The part is larger than {limits.part:,} bytes. Send smaller parts: with openai's client, "
            f"upload_file_chunked(part_size={limits.part_size})."
        )
        return FormRule(file_field, limits.part, advice)
    advice = PARTS_ADVICE.format(part_size=limits.part_size)
    return FormRule(file_field, limits.file, f"The file is larger than {limits.file:,} bytes. {advice}")


def only_file(form: Form, field: str) -> SpooledFile:
    """Returns the only file of a form.

    Raises:
        Invalid: it is missing or given twice, or the form has another file.
    """
    for name in form.files:
        if name != field:
            raise refusals.unknown(name)
    if field not in form.files:
        raise refusals.missing(field)
    if field in form.fields:
        raise refusals.duplicate(field)
    return form.files[field]


def text_fields(form: Form, field: str) -> Mapping[str, list[str]]:
    """Returns the fields of a form other than its file."""
    return {name: values for name, values in form.fields.items() if name != field}
