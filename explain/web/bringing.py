"""What staff bring here, by a page or by a program: what was sent becomes the arguments of a job, or says at its fields what is wrong."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from explain import jobs

from .asking import OTHERS_SET, is_others
from .forms import NamedNetworkForm, NetworkForm, PhotosUploadForm
from .map_set_forms import MapsUploadForm, PicturesUploadForm
from .upload_limit import too_large
from .visibility import Sight

Arguments = dict[str, Any]


def photos_brought(request: HttpRequest) -> tuple[PhotosUploadForm, Arguments | None]:
    """The form of photos that came with a request, and the arguments of their job (Job.Kind.PHOTOS); None where the form has errors."""
    form = PhotosUploadForm(request.POST, request.FILES, label_suffix="")
    if not _is_sound(form, request):
        return form, None
    cleaned = form.cleaned_data
    if is_others(request, cleaned["set_name"]):
        form.add_error("set_name", OTHERS_SET)
        return form, None
    arguments = {"set": cleaned["set_name"], "file": jobs.keep_upload(cleaned["file"])}
    if cleaned["boxes"]:
        arguments["boxes"] = jobs.keep_upload(cleaned["boxes"])
    return form, arguments


def maps_brought(request: HttpRequest) -> tuple[MapsUploadForm, Arguments | None]:
    """The same of maps (Job.Kind.MAPS)."""
    sight = Sight(request.user)
    form = MapsUploadForm(request.POST, request.FILES, sets=sight.sets(), networks=sight.networks())
    if not _is_sound(form, request):
        return form, None
    told = dict(form.cleaned_data)
    return form, {**told, "file": jobs.keep_upload(told["file"]), "set": told["images"]}


def pictures_brought(request: HttpRequest) -> tuple[PicturesUploadForm, Arguments | None]:
    """The same of finished pictures (Job.Kind.PICTURES)."""
    form = PicturesUploadForm(request.POST, request.FILES, sets=Sight(request.user).sets())
    if not _is_sound(form, request):
        return form, None
    told = dict(form.cleaned_data)
    return form, {**told, "file": jobs.keep_upload(told["file"]), "set": told["images"]}


def network_brought(request: HttpRequest) -> tuple[NetworkForm, Arguments | None]:
    """The same of a network that is tried first (Job.Kind.TRY)."""
    return _network(NetworkForm(request.POST, request.FILES, sets=Sight(request.user).sets()), request)


def named_network_brought(request: HttpRequest) -> tuple[NetworkForm, Arguments | None]:
    """The same of a network that is added at once, under a name (Job.Kind.NETWORK)."""
    form = NamedNetworkForm(request.POST, request.FILES, sets=Sight(request.user).sets())
    _, arguments = _network(form, request)
    if arguments is not None:
        arguments |= {key: form.cleaned_data[key] for key in ("name", "layer")}
    return form, arguments


def _network(form: NetworkForm, request: HttpRequest) -> tuple[NetworkForm, Arguments | None]:
    if not _is_sound(form, request):
        return form, None
    cleaned = form.cleaned_data
    arguments = {"load": cleaned["load"], "set": cleaned["check_set"], **form.described()}
    if cleaned["weights"]:
        arguments["weights"] = cleaned["weights"]
    if isinstance(cleaned["file"], UploadedFile):
        arguments["file"] = jobs.keep_upload(cleaned["file"])
    return form, arguments


def _is_sound(form: forms.Form, request: HttpRequest) -> bool:
    if words := too_large(request):
        form.errors["file"] = form.error_class([words])
        return False
    return form.is_valid()
