"""Puts the files of functions/edge into template.yaml, where CloudFormation needs their text."""

import pathlib
import re

ROOT = pathlib.Path(__file__).parent.parent
FILES = {"ViewerRequest": "viewer-request.js", "ViewerResponse": "viewer-response.js", "Cors": "cors.js"}
FILES["PagesRequest"] = "pages-request.js"


def mapped(name: str, file: str) -> str:
    """A file as a block of YAML, in the mapping `Edge`. CloudFront counts bytes: comments stay in the repository."""
    text = (ROOT / "functions" / "edge" / file).read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("//")]
    return "".join([f"      {name}: |\n", *(f"        {line}\n" for line in lines)])


def with_code(template: str) -> str:
    """The template with the text of the files."""
    code = "".join(mapped(name, file) for name, file in FILES.items())
    return re.sub(r"(?<=\n    Code:\n)(?:# edge code\n|(?:      .*\n)+)", lambda _: code, template, count=1)


if __name__ == "__main__":
    path = ROOT / "template.yaml"
    path.write_text(with_code(path.read_text()))
