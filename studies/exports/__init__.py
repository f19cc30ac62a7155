"""What is taken away or brought in: tables of answers, the folder of an export, the report, answers from elsewhere."""

from .archive import SCRIPTS, export, question_field, tables_of
from .columns import CATEGORY, TEXT
from .importer import AnswersFileError, import_responses
from .report import report_html, styles
from .tables import Field, Table, codebook
from .writers import FORMATS, csv_chunks, jsonl_chunks, write

__all__ = [
    "CATEGORY",
    "FORMATS",
    "SCRIPTS",
    "TEXT",
    "AnswersFileError",
    "Field",
    "Table",
    "codebook",
    "csv_chunks",
    "export",
    "import_responses",
    "jsonl_chunks",
    "question_field",
    "report_html",
    "styles",
    "tables_of",
    "write",
]
