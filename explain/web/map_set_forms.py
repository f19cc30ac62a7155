"""What staff say of maps and of finished pictures that they bring in."""

from enum import StrEnum

from django import forms
from django.core.validators import validate_slug
from django.db.models import QuerySet

from explain.map_sets import (
    ALLOWED,
    ALLOWED_OF_PICTURES,
    NAME_LONGEST,
    Channels,
    Covers,
    Fit,
    Scale,
    Sign,
    fit_in_words,
    in_words,
)
from explain.models import ImageSet, MapSet, Network

from .forms import NAME_WORDS

ENDINGS = (".zip", ".npz", ".safetensors", ".pt", ".h5", ".hdf5")


def _asked(label: str, choices: type[StrEnum]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=[(choice.value, _as_sentence(in_words(choice))) for choice in choices],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one: it changes what people see."},
    )


def _as_sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


class _SetForm(forms.Form):
    """Files of a set of photos under a name of their own."""

    things = ""  # what they are, in words
    endings: tuple[str, ...] = ()
    file_words = ""

    images = forms.ChoiceField(error_messages={"required": "Choose a set of photos."})
    name = forms.CharField(
        max_length=NAME_LONGEST,
        help_text="A protocol names them so. Never shown to volunteers.",
        validators=[validate_slug],
        error_messages={"invalid": NAME_WORDS, "required": "Give them a name."},
    )

    def __init__(self, *args, sets: QuerySet[ImageSet], **kwargs):
        """`sets`: those that the person may look at."""
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["images"].label = f"Photos that they are {self.things} of"
        self.fields["name"].label = f"Name of these {self.things}"
        self.offer("images", sets, "Choose a set")

    def offer(self, name: str, rows: QuerySet, none: str) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", none), *((row, row) for row in rows.values_list("name", flat=True))]

    def clean_file(self):
        file = self.cleaned_data["file"]
        if not str(file.name).lower().endswith(self.endings):
            raise forms.ValidationError(f"{file.name}: give {self.file_words}.")
        return file

    def clean_name(self):
        name = self.cleaned_data["name"]
        if MapSet.objects.filter(name=name).exists():
            raise forms.ValidationError(
                f"There are maps or pictures called {name} already; choose another name."
            )
        return name


class PicturesUploadForm(_SetForm):
    """A ZIP of finished pictures, the photos that they are of, and how they are laid into the frame."""

    things = "pictures"
    endings = (".zip",)
    file_words = "a ZIP of pictures"

    file = forms.FileField(
        label="Pictures, as a ZIP",
        help_text="A picture of each photo, named as the photo is (hammer/1.png for hammer/1.jpg), or a manifest.csv with photo,file. Every "
        "kind of picture that photos may have.",
        error_messages={"required": "Choose a ZIP of pictures.", "empty": "This file is empty."},
    )
    fit = forms.ChoiceField(
        label="How they are shown",
        choices=[(fit.value, _as_sentence(fit_in_words(fit))) for fit in Fit],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one: it changes what people see."},
    )
    allow = forms.MultipleChoiceField(
        required=False,
        label="Let these pass",
        choices=[(name, _as_sentence(words)) for name, words in ALLOWED_OF_PICTURES.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ("file", "images", "name", "fit", "allow")


class MapsUploadForm(_SetForm):
    """Arrays of maps, the photos that they are of, and how they are read. Nothing is chosen beforehand: each changes what is seen."""

    things = "maps"
    endings = ENDINGS
    file_words = f"a ZIP of arrays, or one file of many ({', '.join(ENDINGS[1:])})"

    file = forms.FileField(
        label="Maps, as a ZIP or one file of many",
        help_text="A ZIP with an array of each photo, named as the photo is (hammer/1.npy for hammer/1.jpg; .npy, .npz, .png, .tif, .pt or "
        ".safetensors), or one .npz, .safetensors, .pt or .h5 with ids. Nothing in them is run as code.",
        error_messages={"required": "Choose a file of maps.", "empty": "This file is empty."},
    )
    covers = _asked("What a map covers", Covers)
    network = forms.ChoiceField(
        required=False,
        label="The network",
        help_text="Whose crop they cover, if they cover one, and whose classes they explain.",
    )
    sign = _asked("Values below zero", Sign)
    scale = _asked("What is shown as the most", Scale)
    channels = forms.ChoiceField(
        required=False,
        label="Arrays with channels (C, h, w)",
        choices=[
            ("", "There are none"),
            *((choice.value, _as_sentence(in_words(choice))) for choice in Channels),
        ],
    )
    allow = forms.MultipleChoiceField(
        required=False,
        label="Let these pass",
        choices=[(name, _as_sentence(words)) for name, words in ALLOWED.items()],
        widget=forms.CheckboxSelectMultiple,
    )

    field_order = ("file", "images", "name", "covers", "network", "sign", "scale", "channels", "allow")

    def __init__(self, *args, networks: QuerySet[Network], **kwargs):
        """`sets`, `networks`: those that the person may look at."""
        super().__init__(*args, **kwargs)
        self.offer("network", networks, "None")

    def clean(self):
        cleaned = super().clean() or {}
        if cleaned.get("covers") == Covers.CROP and not cleaned.get("network"):
            self.add_error("network", "Say which network’s crop they cover.")
        return cleaned
