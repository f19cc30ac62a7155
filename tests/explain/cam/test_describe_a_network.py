"""network.toml, options and forms say the same by the same words; what is wrong is one sentence that names the key."""

import numpy as np
import pytest
import timm
import torch
from PIL import Image

from explain.cam import CamError, Network, Preprocessing
from explain.cam.loading.description import Description, described, read_description


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("size", "224.5", "size is '224.5'; give whole numbers, such as 224"),
        ("size", "2", "8 to 4096 pixels"),
        ("size", [224, 224, 3], "give one side or height and width"),
        ("size", True, "size is True"),
        ("resize", "large", "resize is 'large'; give whole numbers"),
        ("resize", 3, "short edge in pixels, or 0"),
        ("mean", "103.9, 116.8, 123.7", "divide by 255: 0.4075, 0.458, 0.4851"),
        ("mean", [0.4, float("nan"), 0.4], "mean is .*; give numbers"),
        ("mean", [-0.5, 0.5, 0.5], "it lies between 0 and 1"),
        ("mean", "grey", "mean is 'grey'; give numbers, such as 0.485"),
        ("std", [0, 0.2, 0.2], "a deviation is above 0"),
        ("std", [58.4, 57.1, 57.4], "divide by 255"),
        ("channels", "0", "photos have 1"),
        ("channels", [1, 3], "give 1 number"),
        ("order", "brg", "choose from rgb, bgr"),
        ("interpolation", "cubic", "choose from nearest, bilinear"),
        ("score", "softmaxx", "choose from softmax, sigmoid"),
        ("classes", "cat, cat", "'cat' stands twice"),
        ("classes", 7, "names in the order of the class scores"),
        ("classes", ["cat", ""], "name 2 is empty"),
        ("classes", "classes.txt", "not beside it"),
        ("output", True, "give a name"),
        ("ignore", [1], "beginnings of names"),
        ("sizes", 224, "sizes is no key of it; did you mean size"),
    ],
)
def test_a_value_that_is_wrong_is_one_sentence(key, value, said):
    with pytest.raises(CamError, match=said) as refused:
        Description.of({key: value}, "network.toml")
    assert str(refused.value).startswith(f"network.toml: {key}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("together", "said"),
    [
        ({"mean": "0.5", "std": "0.2, 0.2, 0.2"}, "one mean and one std for each channel .*mean 1, std 3"),
        ({"channels": 3, "mean": [0.5]}, "mean 1, channels 3"),
        ({"order": "bgr", "channels": 1}, "order bgr is for 3 channels"),
        ({"score": "softmax", "classes": ["cat"]}, "score = \"sigmoid\""),
    ],
)  # fmt: skip
def test_values_that_do_not_go_together_are_refused(together, said):
    with pytest.raises(CamError, match=said):
        Description.of(together)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"size = ", "network.toml: .*key = value"),
        (b"\xff\xfe", "not text in UTF-8"),
        (b"[size]\nheight = 3", "size is {'height': 3}"),
    ],
)
def test_a_file_that_is_no_description_is_one_sentence(content, said):
    with pytest.raises(CamError, match=said) as refused:
        read_description(content)
    assert "\n" not in str(refused.value)


def test_text_and_values_mean_the_same():
    typed = {
        "classes": "cat\ndog\n",
        "size": "224 × 320",
        "mean": "0.5, 0.4, 0.3",
        "std": "[0.2 0.2 0.1]",
        "resize": "0",
    }
    written = b'classes = ["cat", "dog"]\nsize = [224, 320]\nmean = [0.5, 0.4, 0.3]\nstd = [0.2, 0.2, 0.1]\nresize = false'
    assert Description.of(typed) == read_description(written)
    assert Description.of(Description.of(typed).to_json()) == Description.of(typed)


def test_what_is_said_goes_before_what_is_known():
    nearer = Description(size=(64, 64), channels=1, score="sigmoid")
    farther = Description(size=(32, 32), mean=(0.5,) * 3, std=(0.2,) * 3, order="bgr", classes=("a", "b"))
    both = nearer.over(farther)
    assert (both.size, both.classes, both.order, both.mean, both.score) == (
        (64, 64),
        ("a", "b"),
        "bgr",
        (),
        "sigmoid",
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, Preprocessing((224, 224), 256)),
        ({"size": 112}, Preprocessing((112, 112), 128)),  # the same share of the photo
        ({"size": 112, "resize": 112}, Preprocessing((112, 112), 112)),
        ({"resize": 0}, Preprocessing((224, 224), None)),
        ({"order": "bgr", "interpolation": "bicubic"}, Preprocessing((224, 224), 256, interpolation="bicubic", order="bgr")),
        ({"mean": [0.5], "std": [0.25]}, Preprocessing((224, 224), 256, (0.5,), (0.25,))),
    ],
)  # fmt: skip
def test_how_photos_are_read(said, expected):
    made, assumed = Description.of(said).preprocessing(Preprocessing((224, 224), 256))
    assert (made, assumed) == (expected, ())


def test_what_is_assumed_of_grey_photos_is_said():
    made, (assumed,) = Description().preprocessing(Preprocessing(), channels=1)
    assert (made.mean, made.std) == ((0.449,), (0.226,))
    assert "Nothing says its mean and std: photos are scaled by mean 0.449 and std 0.226." in assumed
    with pytest.raises(CamError, match="its weights read 1 channels, and 3 are described"):
        Description.of({"mean": [0.5] * 3}).preprocessing(Preprocessing(), channels=1)


def test_colours_come_in_the_order_and_scale_that_the_network_has():
    photo = Image.new("RGB", (20, 20), (255, 51, 0))
    bgr = Preprocessing((8, 8), 8, (0.1, 0.2, 0.5), (0.5, 0.5, 0.25), order="bgr")(photo)
    np.testing.assert_allclose(bgr[:, 0, 0], [-0.2, 0.0, 2.0], atol=1e-6)
    grey = Preprocessing((8, 8), 8, (0.5,), (0.5,))(photo)
    assert grey.shape == (1, 8, 8)
    np.testing.assert_allclose(
        grey[0, 0, 0], (np.asarray(photo.convert("L"))[0, 0] / 255 - 0.5) / 0.5, atol=1e-6
    )
    with pytest.raises(CamError, match="reads 5 channels cannot be given photos"):
        Preprocessing((8, 8), 8, (0.5,) * 5, (0.5,) * 5)(photo)
    assert "order" not in Preprocessing().to_json()  # rows of before keep their hash
    assert Preprocessing.from_json(Preprocessing(order="bgr").to_json()).order == "bgr"


def test_a_network_toml_beside_the_weights_is_read_and_options_go_before_it(tmp_path):
    torch.save(timm.create_model("test_resnet", num_classes=2).state_dict(), tmp_path / "best.pth")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    (tmp_path / "network.toml").write_text(
        'classes = "classes.txt"\nsize = 96\norder = "bgr"\nlayer = "layer3"\n'
    )
    assert described(tmp_path / "best.pth").classes == ("cat", "dog")
    assert described(tmp_path / "missing.pth") == described(None) == Description()
    net = Network.load("timm:test_resnet", weights=tmp_path / "best.pth")
    assert (net.class_names, net.preprocessing.size, net.preprocessing.order) == (
        ["cat", "dog"],
        (96, 96),
        "bgr",
    )
    assert net.layer == "layer3"
    plain = Network.load("timm:test_resnet", weights=tmp_path / "best.pth", description=Description())
    assert (plain.class_names, plain.preprocessing.order, plain.layer) == (["0", "1"], "rgb", "layer4")


def test_a_transformer_is_built_for_the_size_that_is_said(tmp_path):
    torch.save(timm.create_model("test_vit", img_size=96, num_classes=3).state_dict(), tmp_path / "vit.pth")
    with pytest.raises(CamError, match="pos_embed is"):
        Network.load("timm:test_vit", weights=tmp_path / "vit.pth")
    net = Network.load("timm:test_vit", weights=tmp_path / "vit.pth", description=Description(size=(96, 96)))
    assert net.logits(torch.zeros(1, 3, 96, 96)).shape == (1, 3)


def test_weights_of_a_library_are_not_given_another_head(monkeypatch):
    """timm gives such a head random weights, without a word."""
    for spec in ("timm:test_resnet", "torchvision:resnet18"):
        with pytest.raises(CamError, match=r"have 1000 classes, and 2 are named; give your own weights"):
            Network.load(spec, weights="DEFAULT", class_names=["cat", "dog"])
