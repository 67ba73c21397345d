"""The commands in the documents print what the documents show."""

import re

import pytest

import document

SIGNED = re.compile(r"\b((?:Expires|Policy|Signature|Key-Pair-Id|token)=)[\w.~-]+")


@pytest.mark.parametrize("name", document.DOCUMENTS)
def test_commands_of_a_document_print_what_it_says(root, server, name):
    text = (root / name).read_text()
    blocks, now = (document.BLOCK.findall(written) for written in (text, document.renewed(text, server)))
    assert len(blocks) > 5
    for shown, printed in zip(blocks, now, strict=True):
        assert unquoted(printed) == unquoted(shown)


def test_the_table_of_forms_is_what_a_server_says(root, server):
    text = (root / document.FORMS).read_text()
    assert document.with_forms(text, server) == text


def unquoted(block: str) -> str:
    """Removes entity tags and boundaries, which change with every version of the index or of the writers, times, and
    signatures."""
    block = re.sub(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "…", block)
    return SIGNED.sub(r"\1…", re.sub(r"\b[0-9a-f]{32}\b|(?<=~)[0-9a-f]{16}\b", "…", block))
