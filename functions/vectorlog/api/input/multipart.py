"""Reads forms (`multipart/form-data`) as they arrive. Files go to disk, and text fields stay in memory."""

from __future__ import annotations

from email.message import Message
from email.utils import collapse_rfc2231_value
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from vectorlog.api.input.file_spool import FileSpool
from vectorlog.api.input.form import Form, SpooledFile

MAX_FIELDS = 64
MAX_FIELD_BYTES = 64 * 1024
MAX_FILES = 16
"""More than any route takes, so that the route can name the unknown field of a wrong form. The limit keeps a form from
filling the disk with empty files.
"""
FORM_OVERHEAD_BYTES = MAX_FIELDS * MAX_FIELD_BYTES
"""The size that a form may have in addition to its files' bytes: text fields, headers and boundaries."""


class BrokenForm(ValueError):
    """The body is not a valid form. The message is a sentence for the client."""


class FormTooLarge(ValueError):
    """The form's files are larger than the limit."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The form is larger than {limit_bytes:,} bytes.")
        self.limit_bytes = limit_bytes


class FormReader:
    """Reads one form in pieces of any size. It holds one piece and the text fields in memory.

    If `feed` or `finish` raises, the spooled files have been removed. A caller that abandons a form must call
    `discard`.

    Args:
        content_type: the request's header, with the boundary.
        folder: the existing folder in which files are spooled.
        limit_bytes: the limit for the total size of the files.
        file_field: see `FormRule`.

    Raises:
        BrokenForm: the header names no usable boundary.
    """

    def __init__(self, content_type: str, folder: Path, limit_bytes: int, file_field: str = "") -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise BrokenForm("The Content-Type header of the form names no boundary.")
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_header_field": self._add_header_name,
                    "on_header_value": self._add_header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._open_part,
                    "on_part_data": self._add_data,
                    "on_part_end": self._end_part,
                    "on_end": self._end_form,
                },
            )
        except FormParserError as error:
            raise BrokenForm(f"The form's boundary cannot be used: {error}.") from error
        self._folder = folder
        self._limit = limit_bytes
        self._file_field = file_field
        self._fed_bytes = self._spooled_bytes = 0
        self._complete = False
        self._header_name, self._header_value = bytearray(), bytearray()
        self._headers = Message()
        self._part: _FieldPart | FileSpool | None = None
        self._fields: dict[str, list[str]] = {}
        self._field_count = 0
        self._files: dict[str, SpooledFile] = {}

    def feed(self, data: bytes) -> None:
        """Reads the next piece of the body.

        Raises:
            BrokenForm: it is not well-formed, or it has too many files, or too many or too long text fields.
            FormTooLarge: the files exceed the limit.
            OSError: a file could not be written.
        """
        try:
            self._fed_bytes += len(data)
            if self._fed_bytes > self._limit + FORM_OVERHEAD_BYTES:
                raise FormTooLarge(self._limit)
            self._parser.write(data)
        except BaseException as error:
            self.discard()
            if isinstance(error, FormParserError):
                raise BrokenForm(f"The form is not well-formed: {error}.") from error
            raise

    def finish(self) -> Form:
        """Returns the complete form. Its files now belong to the caller.

        Raises:
            BrokenForm: the closing boundary is missing.
        """
        if not self._complete:
            self.discard()
            raise BrokenForm("The form ends before its closing boundary.")
        return Form(self._fields, self._files)

    def discard(self) -> None:
        """Removes the spooled files. It may be called at any time, and more than once."""
        if isinstance(self._part, FileSpool):
            self._part.discard()
        self._part = None
        for file in self._files.values():
            file.discard()
        self._files = {}
        self._complete = False

    def _add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header_name.decode("latin-1")] = self._header_value.decode("latin-1")
        self._header_name.clear()
        self._header_value.clear()

    def _open_part(self) -> None:
        headers, self._headers = self._headers, Message()
        encoding = headers.get("content-transfer-encoding", "binary").lower()
        if encoding not in ("binary", "8bit", "7bit"):
            raise BrokenForm(
                f"A part of the form has the Content-Transfer-Encoding '{encoding}'. Send its bytes as they are."
            )
        # An extended parameter (`filename*`, RFC 5987) follows the plain one of the same name, and replaces it.
        parameters = dict(headers.get_params([], "content-disposition"))
        if "name" not in parameters:
            raise BrokenForm("A part of the form has no name in its Content-Disposition header.")
        name = _text(parameters["name"])
        filename = parameters.get("filename")
        if filename is None and (name != self._file_field or name in self._files):
            self._field_count += 1
            if self._field_count > MAX_FIELDS:
                raise BrokenForm(f"The form has more than {MAX_FIELDS} text fields.")
            self._part = _FieldPart(name)
        elif name in self._files:
            raise BrokenForm(f"The form has more than one file in its field '{name}'. Send one request for each file.")
        elif len(self._files) == MAX_FILES:
            raise BrokenForm(f"The form has more than {MAX_FILES} files. Send one request for each file.")
        else:
            content_type = headers.get("content-type", "application/octet-stream")
            self._part = FileSpool(name, None if filename is None else _text(filename), content_type, self._folder)

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if isinstance(self._part, FileSpool):
            self._spooled_bytes += end - start
            if self._spooled_bytes > self._limit:
                raise FormTooLarge(self._limit)
        if self._part is not None:
            self._part.add(memoryview(data)[start:end])

    def _end_part(self) -> None:
        if isinstance(self._part, FileSpool):
            self._files[self._part.name] = self._part.close()
        elif self._part is not None:
            self._fields.setdefault(self._part.name, []).append(self._part.close())
        self._part = None

    def _end_form(self) -> None:
        self._complete = True


class _FieldPart:
    """A text field that is being read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._value = bytearray()

    def add(self, data: memoryview) -> None:
        self._value += data
        if len(self._value) > MAX_FIELD_BYTES:
            raise BrokenForm(f"The form's field '{self.name}' is longer than {MAX_FIELD_BYTES:,} bytes.")

    def close(self) -> str:
        try:
            return self._value.decode()
        except UnicodeDecodeError as error:
            raise BrokenForm(f"The form's field '{self.name}' is not UTF-8.") from error


def _text(parameter: str | tuple[str | None, str | None, str]) -> str:
    """Decodes a header's parameter: RFC 5987, or raw UTF-8 with browsers' three escapes (WHATWG HTML, form data)."""
    try:
        if isinstance(parameter, tuple):
            text = collapse_rfc2231_value(parameter)
            text.encode()  # a charset such as `unicode_escape` can give half a surrogate pair
            return text
        raw = parameter.encode("latin-1").decode()
    except (ValueError, LookupError) as error:  # a wrong charset raises either
        raise BrokenForm("A name in the form is not UTF-8.") from error
    return raw.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
