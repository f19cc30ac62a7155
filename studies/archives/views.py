"""The page on which a study's archive is asked for, and the archive."""

import tempfile
from pathlib import Path

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from explain.core.errors import BadInputError
from studies.access import may_edit, may_pay
from studies.lifecycle import named_download, seal_in_words
from studies.protocol import names_way_back
from studies.results import answered_study_of, part_asked_for

from .contents import WAY_BACK
from .data_tables import free_text_columns, small_cells_of
from .forms import ArchiveForm
from .packing import write_archive
from .small_cells import K


@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Whoever may take the answers may take the archive; free text researchers, and sites' ids whoever may see those elsewhere."""
    study = answered_study_of(request, slug)
    who = part_asked_for(request, study).who
    form = ArchiveForm(
        request.POST if request.method == "POST" else None,
        offered={"free_text": may_edit(request.user, study), "recruitment_ids": may_pay(request.user, study)},
    )
    if form.is_valid():
        try:
            with tempfile.TemporaryDirectory() as place:
                path = Path(place) / "archive.zip"
                write_archive(study=study, to=path, wanted=form.wanted(who))
                whole = path.open("rb")  # goes on living when the folder is gone
            response = FileResponse(whole, content_type="application/zip")
            return named_download(response, study, "archive", "zip")
        except BadInputError as error:
            form.add_error(None, str(error))
    context = {
        "study": study,
        "seal": seal_in_words(study),
        "who": who,
        "form": form,
        "found": small_cells_of(study),
        "k": K,
        "way_back": WAY_BACK if names_way_back(study.protocol) else "",
        "free_text": free_text_columns(study),
    }
    return render(request, "studies/archives/archive.html", context)
