"""What staff say of a network: what it reads, what its scores are, which part of a file is taken. The same keys as in network.toml."""

from typing import Any, ClassVar

from django import forms

from explain.cam import CamError
from explain.cam.loading.description import FILE, SCORES, Description, read_description
from explain.cam.preprocessing import INTERPOLATIONS, ORDERS

_LARGEST = 2**20  # bytes of a network.toml
_PLAIN = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})


def _text(label: str, help_text: str, widget: forms.Widget = _PLAIN, length: int = 200) -> forms.CharField:
    return forms.CharField(required=False, max_length=length, label=label, help_text=help_text, widget=widget)


def _choice(label: str, help_text: str, unsaid: str, choices: tuple[str, ...]) -> forms.ChoiceField:
    named = [("", unsaid), *((choice, choice) for choice in choices)]
    return forms.ChoiceField(required=False, label=label, help_text=help_text, choices=named)


class DescribedForm(forms.Form):
    """Fields of a description, or a network.toml; what is typed goes before the file. `described()` gives the arguments of a job."""

    DESCRIBED: ClassVar[tuple[str, ...]] = (
        "classes", "size", "resize", "interpolation", "channels", "mean", "std", "order", "score", "output", "checkpoint", "ignore",
    )  # fmt: skip

    toml = forms.FileField(
        required=False,
        label=FILE,
        help_text="A file with the same keys as the fields below (size = 224 …). What you type goes before it.",
        error_messages={"empty": "This file is empty."},
    )
    classes = _text(
        "Names of its classes",
        "In the order of its scores, one a line. Empty: those in the file of weights, or numbers.",
        forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        length=200_000,
    )
    size = _text("Input size", "In pixels: 224, or height × width. Empty: as its library has it.")
    resize = _text("Short edge before the crop", "In pixels; 0 squashes the whole photo to the input size.")
    interpolation = _choice("Interpolation", "", "as its library has it", INTERPOLATIONS)
    channels = _text("Channels", "1 (grey) or 3. Read from a file of weights by itself.")
    mean = _text("Mean", "Of each channel, for values 0 to 1: 0.485, 0.456, 0.406.")
    std = _text("Standard deviation", "The same: 0.229, 0.224, 0.225.")
    order = _choice("Order of colours", "bgr for networks trained with OpenCV.", "as usual", ORDERS)
    score = _choice(
        "Its scores",
        "sigmoid: each class for itself, as in multi-label networks. A network with one score is read so by itself.",
        "as usual",
        SCORES,
    )
    output = _text(
        "Output", "Which of several outputs has the class scores: a name, or a place counted from 0."
    )
    checkpoint = _text("Part of the file", "model_ema, teacher …: where a file holds several states.")
    ignore = _text("Leave out of the file", "Beginnings of names in the file that the network runs without.")

    @property
    def description_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("toml", *self.DESCRIBED)]

    @property
    def other_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in ("toml", *self.DESCRIBED)]

    @property
    def says_something(self) -> bool:
        """Whether the fields of the description are worth showing at once: something stands there, or is wrong."""
        return any(field.errors or field.value() for field in self.description_fields)

    def clean_toml(self):
        file = self.cleaned_data["toml"]
        if not file:
            return Description()
        if file.size > _LARGEST:
            raise forms.ValidationError(
                f"{file.name} is larger than any {FILE}; give the description, not the weights."
            )
        try:
            return read_description(file.read(), str(file.name))
        except CamError as problem:
            raise forms.ValidationError(str(problem)) from problem

    def clean(self):
        cleaned = super().clean() or {}
        typed = {name: cleaned[name] for name in self.DESCRIBED if cleaned.get(name)}
        for name, value in typed.items():
            try:
                Description.of({name: value})
            except CamError as problem:
                self.add_error(name, str(problem))
        if not self.errors:
            try:
                cleaned["description"] = Description.of(typed).over(cleaned["toml"])
            except CamError as problem:
                self.add_error("channels", str(problem))
        return cleaned

    def described(self) -> dict[str, Any]:
        """What was said, as the argument of a job; empty where nothing was."""
        values = self.cleaned_data["description"].to_json()
        return {"described": values} if values else {}
