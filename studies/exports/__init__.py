"""What is taken away or brought in: tables of answers, the archive, the report, answers from elsewhere."""

from .archive import export
from .importer import AnswersFileError, import_responses
from .report import report_html, styles
from .writers import FORMATS, csv_chunks, jsonl_chunks, write

__all__ = [
    "FORMATS",
    "AnswersFileError",
    "csv_chunks",
    "export",
    "import_responses",
    "jsonl_chunks",
    "report_html",
    "styles",
    "write",
]
