"""What staff fill in to bring photos and networks here."""

import re

from django import forms
from django.conf import settings
from django.core.validators import validate_slug
from django.db.models import QuerySet
from django.utils.text import slugify

from explain.cam.loading.names import is_named
from explain.models import ImageSet, Network

from .described_network import DescribedForm

# a name of a library's weights; never a path, and never a file that lies where a worker runs
WEIGHTS_NAME = re.compile(
    r"[A-Za-z0-9](?!.*\.(?:pth?|bin|safetensors|ckpt|tar|onnx)$)[A-Za-z0-9_.+-]*", re.IGNORECASE
)
NAME_WORDS = "Letters a–z, digits, - and _ only, without spaces."


class PhotosUploadForm(forms.Form):
    """A ZIP with a folder for each class, or with a manifest.csv."""

    set_name = forms.CharField(
        max_length=100,
        required=False,
        label="Name of the set",
        help_text="A new one, or one that is here: then the photos join it. Left empty, it is the file’s name.",
        validators=[validate_slug],
        error_messages={"invalid": NAME_WORDS},
    )
    file = forms.FileField(
        label="Photos, as a ZIP",
        help_text="A folder for each class (hammer/1.jpg …), or any folders with a manifest.csv that says the class "
        "of each file. JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP or GIF. You see what would come in before anything is stored.",
        error_messages={"required": "Choose a ZIP of photos.", "empty": "This file is empty."},
    )
    boxes = forms.FileField(
        required=False,
        label="Boxes, if you have them",
        help_text="Where the object is, for attention checks and measures: a CSV with the columns file,boxes or "
        "file,x1,y1,x2,y2.",
        error_messages={"empty": "This file is empty."},
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if not str(file.name).lower().endswith(".zip"):
            raise forms.ValidationError(f"{file.name} is no ZIP; pack the photos into one.")
        return file

    def clean(self):
        cleaned = super().clean() or {}
        if not cleaned.get("set_name") and cleaned.get("file") and not self.errors.get("set_name"):
            cleaned["set_name"] = slugify(str(cleaned["file"].name).rsplit(".", 1)[0])[:100]
            if not cleaned["set_name"]:
                self.add_error("set_name", "The file’s name has no letters to make a name from; type one.")
        return cleaned


class NetworkForm(DescribedForm):
    """How to load a network. It is tried before it is added."""

    load = forms.CharField(
        max_length=200,
        required=False,
        label="Network",
        help_text="torchvision:resnet50, timm:NAME, package:NAME for one that comes with its weights, or onnx:file for a whole network "
        "in an .onnx file.",
        widget=forms.TextInput(
            attrs={"list": "networks-known", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    weights = forms.CharField(
        max_length=100,
        required=False,
        label="Weights by name",
        help_text="As the library calls them: IMAGENET1K_V1 for torchvision’s first, tv_in1k for a timm network’s. They are fetched from "
        "the internet. Empty: those that the library takes today.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    file = forms.FileField(
        required=False,
        label="Weights of your own",
        help_text="A .safetensors file, or a checkpoint as .pth, .pt or .ckpt; its number of classes may be any. Nothing in it is run as "
        "code. Empty: the library’s own weights.",
        error_messages={"empty": "This file is empty."},
    )
    check_set = forms.ChoiceField(
        required=False, label="Try it on a photo of", help_text="You will see what it says, and its map."
    )

    def __init__(self, *args, sets: QuerySet[ImageSet], **kwargs):
        """`sets`: those whose photos the person may look at."""
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        choices = self.fields["check_set"]
        assert isinstance(choices, forms.ChoiceField)
        names = sets.values_list("name", flat=True)
        choices.choices = [("", "the samples"), *((name, name) for name in names)]

    def clean_load(self):
        load = self.cleaned_data["load"].strip()
        if load and not is_named(load):
            raise forms.ValidationError(
                f"“{load}” is not one of the forms torchvision:NAME, timm:NAME, package:NAME or onnx:file."
            )
        return load

    def clean_weights(self):
        weights = self.cleaned_data["weights"].strip()
        if weights and not WEIGHTS_NAME.fullmatch(weights):
            raise forms.ValidationError(
                f"“{weights}” is no name of weights, such as IMAGENET1K_V1. A file is given under “Weights of your own”."
            )
        return weights

    def clean(self):
        cleaned = super().clean() or {}
        if "load" in cleaned and not cleaned["load"]:
            cleaned["load"] = self._load_of(cleaned.get("description"))
        weights, load = cleaned.get("weights"), cleaned.get("load", "")
        if weights and cleaned.get("file"):
            self.add_error("weights", "Give a name or a file, not both.")
        elif weights and load.startswith("package:"):
            self.add_error("weights", f"{load} brings its own weights; leave this empty.")
        return cleaned

    def _load_of(self, description):
        load = description.load if description else ""
        if not is_named(load) and "toml" not in self.errors:
            self.add_error("load", "Name a network, such as torchvision:resnet50.")
        return load

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file and not str(file.name).lower().endswith(
            (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".tar", ".onnx")
        ):
            raise forms.ValidationError(
                f"{file.name}: give a .safetensors, .pth, .pt or .ckpt file, or an .onnx file for onnx:file."
            )
        return file


class AddNetworkForm(forms.Form):
    """What a network that was tried is called here, and where it is cut."""

    name = forms.CharField(
        max_length=100,
        label="Name on this site",
        help_text="Never shown to volunteers.",
        validators=[validate_slug],
        error_messages={"invalid": NAME_WORDS, "required": "Give it a name."},
    )
    layer = forms.ChoiceField(label="Layer")

    def __init__(self, *args, layers: list[list], **kwargs):
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        field = self.fields["layer"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (name, f"{name} – {height} × {width} cells, {channels} channels")
            for name, channels, height, width in reversed(layers)
        ]
        field.help_text = "The deepest one is usual: it knows most about objects. Earlier ones give finer maps of less meaning."

    def clean_name(self):
        return _free_name(self.cleaned_data["name"])


class NamedNetworkForm(NetworkForm):
    """A network that is added without being tried first, as a program does it."""

    name = forms.CharField(
        max_length=100,
        validators=[validate_slug],
        error_messages={"invalid": NAME_WORDS, "required": "Give it a name."},
    )
    layer = forms.CharField(max_length=200, required=False)

    def clean_name(self):
        return _free_name(self.cleaned_data["name"])


def _free_name(name: str) -> str:
    if Network.objects.filter(name=name).exists():
        raise forms.ValidationError(f"A network {name} is here already; choose another name.")
    return name


def limit_in_words() -> str:
    return f"{settings.UPLOAD_MAX_MIB:,} MiB"
