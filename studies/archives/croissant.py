"""croissant.json, by Croissant 1.0 (http://mlcommons.org/croissant/1.0): the answers as a set of records that programs load."""

from typing import Any

from .facts import About, DataFile, Packed

NAME = "croissant.json"
RECORDS = "answers"
TYPES = {
    "integer": "sc:Integer",
    "number": "sc:Float",
    "true or false": "sc:Boolean",
    "date and time": "sc:DateTime",
    "text": "sc:Text",
    "category": "sc:Text",
}
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(about: About, answers: DataFile, file: Packed) -> dict[str, Any]:
    """The document. `answers`: the table; `file`: it as it lies in the archive."""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": about.slug,
        "alternateName": about.title,
        "description": about.description,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "citeAs": about.citation,
        "license": about.licence.url if about.licence.name else about.licence.in_words,
        "creator": {"@type": "Person" if about.responsible else "Organization", "name": about.author},
        "datePublished": about.day,
        "version": "1.0.0",
        "keywords": list(about.keywords),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "answers-file",
                "name": "answers-file",
                "description": file.meaning,
                "contentUrl": file.path,
                "contentSize": f"{file.size} B",
                "encodingFormat": file.media_type,
                "sha256": file.sha256,
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": RECORDS,
                "name": RECORDS,
                "description": answers.meaning,
                "key": {"@id": f"{RECORDS}/{answers.key}"},
                "field": [
                    {
                        "@type": "cr:Field",
                        "@id": f"{RECORDS}/{column.name}",
                        "name": column.name,
                        "description": column.meaning,
                        "dataType": TYPES[column.type],
                        "source": {
                            "fileObject": {"@id": "answers-file"},
                            "extract": {"column": column.name},
                        },
                    }
                    for column in answers.columns
                ],
            }
        ],
    }
