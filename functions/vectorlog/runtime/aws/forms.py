"""Reads the forms of requests that API Gateway delivers whole."""

from __future__ import annotations

from pathlib import Path

from vectorlog.api.input.form import Form, FormRule
from vectorlog.api.input.multipart import BrokenForm, FormReader, FormTooLarge
from vectorlog.domain.errors import DISK_FULL, Invalid, NoSpace, TooLarge, is_disk_full


def read(content_type: str, sent: bytes, spool: Path, rule: FormRule) -> Form:
    """Parses a form, and puts its files into the spool folder.

    Raises:
        Invalid: the form is broken.
        TooLarge: its files are larger than the rule's limit.
        NoSpace: the function's disk is full.
    """
    try:
        reader = FormReader(content_type, spool, rule.limit, rule.file_field)
        reader.feed(sent)
        return reader.finish()
    except BrokenForm as error:
        raise Invalid(str(error), code=None) from error
    except FormTooLarge as error:
        raise TooLarge(rule.too_large) from error
    except OSError as error:
        if is_disk_full(error):
            raise NoSpace(DISK_FULL) from error
        raise
