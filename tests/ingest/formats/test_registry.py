"""A format is added by its module and its line in the registry."""

from __future__ import annotations

import pkgutil
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from vectorlog.ingest import formats
from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.extract import extract
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.registry import FORMATS


def _read_recipe(path: Path) -> Text:
    steps = path.read_bytes().removeprefix(b"RECIPE1\n").split(b"|")
    if steps[-1] != b"end":
        raise ValueError("cut off")
    return Text("\n".join(step.decode() for step in steps[:-1]))


RECIPE = Format("a recipe", (".rcp",), _read_recipe, begins=lambda head: head.startswith(b"RECIPE1\n"))
"""What ARCHITECTURE.md requires for a new format: a reader and its record."""

WITH_RECIPES = (*FORMATS, RECIPE)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "blob"
    path.write_bytes(b"RECIPE1\nPeel|Boil|end")
    return path


class TestNewFormat:
    """A new format needs only its record in the registry."""

    @pytest.mark.parametrize("filename", ["soup.rcp", "soup", "soup.txt"])
    def test_read(self, recipe: Path, filename: str) -> None:
        """A file is recognised by its content, whatever its name."""
        assert extract(recipe, filename, WITH_RECIPES) == Text("Peel\nBoil")

    def test_by_name(self, recipe: Path) -> None:
        """A format without a signature is recognised by the file's name."""
        named = Format("a recipe", (".rcp",), _read_recipe, by_name=True)
        assert extract(recipe, "soup.RCP", (*FORMATS, named)) == Text("Peel\nBoil")
        assert extract(recipe, "soup.txt", (*FORMATS, named)).text.startswith("RECIPE1")

    def test_damaged(self, recipe: Path) -> None:
        """The message for a damaged file says, by the format's label, what it could not be read as."""
        recipe.write_bytes(b"RECIPE1\nPeel|Bo")
        with pytest.raises(Unreadable, match="could not be read as a recipe") as refused:
            extract(recipe, "soup.rcp", WITH_RECIPES)
        assert refused.value.code == "invalid_file"

    def test_promise(self, recipe: Path) -> None:
        """A file with a known extension but other content counts as damaged, not as unsupported."""
        recipe.write_bytes(bytes(range(1, 32)) * 20)
        for known, code in ((FORMATS, "unsupported_file"), (WITH_RECIPES, "invalid_file")):
            with pytest.raises(Unreadable) as refused:
                extract(recipe, "soup.rcp", known)
            assert refused.value.code == code

    def test_others_stay(self, recipe: Path) -> None:
        """Files that other formats read are still read by these formats."""
        recipe.write_bytes(b"{\\rtf1 Rich}")
        assert extract(recipe, "soup.rcp", WITH_RECIPES).text.strip() == "Rich"


def test_every_module_is_registered() -> None:
    """Every format module is listed in the registry."""
    modules = [import_module(f"{formats.__name__}.{each.name}") for each in pkgutil.iter_modules(formats.__path__)]
    written = [vars(module)["FORMAT"] for module in modules if "FORMAT" in vars(module)]
    assert Counter(map(id, written)) == Counter(map(id, FORMATS))
    assert {module.__name__ for module in modules if hasattr(module, "read")} == {
        each.read.__module__ for each in FORMATS
    }


def test_no_two_claim_the_same() -> None:
    """Each extension, media type, label and part of a container belongs to one format."""
    for claimed in (
        [extension for each in FORMATS for extension in each.extensions],
        [media_type for each in FORMATS for media_type in each.media_types],
        [stream for each in FORMATS for stream in each.ole_streams],
        [each.office_folder for each in FORMATS if each.office_folder],
        [each.label for each in FORMATS],
    ):
        assert len(claimed) == len(set(claimed))
    assert all(
        extension == extension.lower() and extension[0] == "." for each in FORMATS for extension in each.extensions
    )


@pytest.mark.parametrize("filename", ["page.mht", "page.mhtml", "page.xhtml", "letter.eml", "report.pdf", "table.csv"])
def test_every_extension_promises_a_document(tmp_path: Path, filename: str) -> None:
    """Binary data under the name of a document is a damaged file, whichever of its format's names it has."""
    (tmp_path / "blob").write_bytes(bytes(range(1, 32)) * 20)
    with pytest.raises(Unreadable) as refused:
        extract(tmp_path / "blob", filename)
    assert refused.value.code == "invalid_file"
