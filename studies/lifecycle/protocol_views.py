"""The protocol of a study: as a file, version by version, beside another one, and what may change while it is paused."""

import copy
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from explain.core.errors import BadInputError
from studies.access import editable_study_of, may_edit, study_of
from studies.core import languages
from studies.models import Study
from studies.protocol import (
    RECRUITMENT,
    TITLES,
    TitlesField,
    read_ways,
    titles_in,
    to_toml,
    way_fields,
    with_titles,
    write_ways,
)

from .fingerprint import full_protocol
from .revisions import differences, find_version, revise, reworded


@require_safe
def protocol(request: HttpRequest, slug: str) -> HttpResponse:
    """The protocol in full, its versions with their hashes, and what differs from another study's."""
    study = study_of(request, slug)
    others = Study.objects.visible_to(request.user).exclude(pk=study.pk).order_by("slug")
    other_slug = request.GET.get("with", "")
    other = others.filter(slug=other_slug).first() if other_slug else None
    if other_slug and other is None:
        raise Http404(f"no study {other_slug}")
    return render(
        request,
        "studies/lifecycle/protocol.html",
        {
            "study": study,
            "toml": to_toml(find_version(study)),
            "versions": _history(study),
            "may_edit": may_edit(request.user, study),
            "others": others.values_list("slug", flat=True),
            "other": other,
            "differences": differences(find_version(study), find_version(other)) if other else [],
        },
    )


def _history(study: Study) -> list[tuple[Any, list]]:
    """Every version, newest first, with what it changed."""
    versions = list(study.versions.select_related("user"))
    before = [None, *versions]
    history = [
        (version, differences(earlier.protocol, version.protocol) if earlier else [])
        for version, earlier in zip(versions, before, strict=False)
    ]
    return history[::-1]


@require_safe
def protocol_file(request: HttpRequest, slug: str) -> HttpResponse:
    """The protocol as a study.toml that makes the same study again: of now, or of a version."""
    study = study_of(request, slug)
    number = request.GET.get("version")
    try:
        source = find_version(study, int(number) if number else None)
    except (BadInputError, ValueError) as error:
        raise Http404(str(error)) from error
    response = HttpResponse(to_toml(source), content_type="application/toml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}.toml"'
    return response


class RevisionForm(forms.Form):
    """What may change while a study is paused: every text that volunteers read, and the way back."""

    why = forms.CharField(
        max_length=500, label="Why", help_text="One sentence, for those who read the record later."
    )

    def __init__(self, study: Study, data=None):
        super().__init__(data, label_suffix="")
        self.study, self.before = study, full_protocol(study).get("wording", study.wording)
        wording = {key: text for key, text in self.before.items() if key != TITLES}
        self.fields[TITLES] = TitlesField(study.language)
        self.fields[TITLES].initial = titles_in(self.before, study.language)
        for key, text in wording.items():
            lines = isinstance(text, list)
            self.fields[key] = forms.CharField(
                max_length=10_000,
                label=key.capitalize(),
                initial="\n".join(text) if lines else text,
                help_text="One to a line, from left to right." if lines else "",
                widget=forms.Textarea(
                    attrs={
                        "rows": 5 if lines or len(text) > 200 else 2,
                        "dir": languages.direction(study.language),
                    }
                ),
            )
        self.wording = list(wording)
        self.ways = way_fields()
        self.fields.update(self.ways)
        self.initial.update(read_ways(full_protocol(study).get(RECRUITMENT, {})))
        self.order_fields([*wording, TITLES, *self.ways, "why"])

    def says_of_ways(self) -> bool:
        """Whether anything is said of recruitment sites, or wrong, so that it is to be seen at once."""
        return any(self[name].value() or self[name].errors for name in self.ways)

    def source(self) -> dict[str, Any]:
        """The protocol that is asked for."""
        values = self.cleaned_data
        wording = {
            key: [line.strip() for line in values[key].splitlines() if line.strip()]
            if isinstance(self.study.wording.get(key), list)
            else values[key].replace("\r\n", "\n")
            for key in self.wording
        }
        wording = with_titles({**self.before, **wording}, self.study.language, values[TITLES])
        recruitment = copy.deepcopy(full_protocol(self.study).get(RECRUITMENT, {}))
        write_ways(recruitment, values)
        return reworded(self.study, wording=wording, recruitment=recruitment)


@require_http_methods(["GET", "HEAD", "POST"])
def change_wording(request: HttpRequest, slug: str) -> HttpResponse:
    """A new version of a paused study's protocol."""
    study = editable_study_of(request, slug)
    if study.state != Study.State.PAUSED:
        messages.warning(
            request, "What volunteers read can change while the study is paused only. Pause it first."
        )
        return redirect("study-protocol", slug)
    form = RevisionForm(study, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            version = revise(
                study=study, source=form.source(), why=form.cleaned_data["why"], user=request.user
            )
        except BadInputError as error:
            for line in error.lines:
                form.add_error(None, line)
        else:
            messages.success(
                request,
                f"This is {version} of the protocol now. Answers from here on are kept apart by their version. "
                "The study is still paused.",
            )
            return redirect("study-protocol", slug)
    return render(request, "studies/lifecycle/change_wording.html", {"study": study, "form": form})
