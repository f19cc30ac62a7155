"""Networks by name, weights from files, preprocessing on record; and one clear line for each mistake."""

import hashlib
import json

import pytest
import timm
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file
from timm.data import create_transform, resolve_data_config
from torch import nn

from explain.cam import CamError, Network, Preprocessing, explain
from explain.cam.loading.description import Description
from explain.cam.loading.published import _is_what_its_name_says, identified
from explain.cam.loading.sources import from_timm, imagenet_names
from tests.explain.cam.conftest import packaged, sample_photo, sample_rows


def small():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)
    ).eval()  # fmt: skip


PHOTOS = ["baseball-1.jpg", "bee-1.jpg", "hammer-2.jpg", "dam-1.jpg"]


@pytest.mark.parametrize("name", ["resnet50", "inception_v3", "efficientnet_b1"])
def test_preprocessing_of_torchvision_is_the_record_of_its_weights(name):
    from explain.cam.loading.sources import _preset

    for record in torchvision.models.get_model_weights(name):
        ours, theirs = _preset(record), record.transforms()
        for photo in map(sample_photo, PHOTOS):
            expected = theirs(photo.convert("RGB"))
            torch.testing.assert_close(torch.from_numpy(ours(photo)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "resnet18", "mobilenetv3_small_100"])
def test_preprocessing_of_timm_is_its_own_transform(name):
    net = Network.load(f"timm:{name}")
    theirs = create_transform(**resolve_data_config({}, model=net.module), is_training=False)
    for photo in map(sample_photo, PHOTOS):
        torch.testing.assert_close(net.preprocess(photo), theirs(photo.convert("RGB")), rtol=1e-5, atol=1e-5)


def test_the_crop_box_is_where_the_pixels_come_from():
    """A white square on black: what the network sees of it lies where crop_box says."""
    photo = Image.new("RGB", (400, 300))
    photo.paste((255, 255, 255), (130, 60, 190, 120))
    prepared = Preprocessing(size=(224, 224), resize=256)
    x0, y0, x1, y1 = prepared.crop_box(400, 300)
    seen = prepared(photo)[0] > 0
    rows, columns = seen.any(1).nonzero()[0], seen.any(0).nonzero()[0]
    assert x0 + columns[0] * (x1 - x0) / 224 == pytest.approx(130, abs=1.5)
    assert x0 + (columns[-1] + 1) * (x1 - x0) / 224 == pytest.approx(190, abs=1.5)
    assert y0 + rows[0] * (y1 - y0) / 224 == pytest.approx(60, abs=1.5)
    assert y0 + (rows[-1] + 1) * (y1 - y0) / 224 == pytest.approx(120, abs=1.5)
    assert (x1 - x0) / (y1 - y0) == pytest.approx(1, abs=0.01)


def test_preprocessing_survives_json():
    own = Preprocessing((240, 320), 330, (0.5,) * 3, (0.25,) * 3, "bicubic")
    assert Preprocessing.from_json(json.loads(json.dumps(own.to_json()))) == own
    assert Preprocessing((9, 7), None).crop_box(100, 50) == (0, 0, 100, 50)


@pytest.mark.parametrize("values", [{"interpolation": "cubic"}, {"size": (300, 300)}])
def test_preprocessing_that_cannot_be_is_refused(values):
    with pytest.raises(CamError, match=r"choose nearest|resize to 300"):
        Preprocessing(**values)


@pytest.mark.parametrize(("name", "right"), [("efficientnet_lite0", 44), ("squeezenet1_1", 37)])
def test_the_packaged_networks_know_the_sample_photos(name, right):
    net = packaged(name)
    batch = torch.stack([net.preprocess(sample_photo(row["file"])) for row in sample_rows()])
    answers = torch.cat([net.logits(part) for part in batch.split(7)]).argmax(1)
    labels = torch.tensor([int(row["class_index"]) for row in sample_rows()])
    assert int((answers == labels).sum()) == right
    assert net.class_names == imagenet_names()


@pytest.mark.parametrize(("name", "size"), [("efficientnet_lite1", 240), ("efficientnet_lite2", 260)])
def test_the_larger_packaged_networks_load(name, size):
    net = Network.load(f"package:{name}")
    photo = net.preprocess(sample_photo("giant-panda-1.jpg"))
    assert photo.shape == (3, size, size)
    assert net.class_names[int(net.logits(photo[None]).argmax())] == "giant panda"


def test_weights_come_from_a_pth_or_safetensors_file_and_hash_the_same(tmp_path):
    source = Network.load("torchvision:squeezenet1_1", weights=None)
    state = source.module.state_dict()
    torch.save(state, tmp_path / "plain.pth")
    torch.save(
        {"state_dict": {f"module.{name}": value for name, value in state.items()}}, tmp_path / "wrapped.pt"
    )
    save_file(state, tmp_path / "safe.safetensors")
    for name in ("plain.pth", "wrapped.pt", "safe.safetensors"):
        loaded = Network.load("torchvision:squeezenet1_1", weights=tmp_path / name)
        assert loaded.weights_sha256 == source.weights_sha256
    assert packaged("squeezenet1_1").weights_sha256 != source.weights_sha256


def test_random_weights_are_the_same_each_time_and_leave_the_callers_chance_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second = (Network.load("torchvision:squeezenet1_1") for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    assert first.weights_sha256 == second.weights_sha256


def test_class_names_set_the_number_of_classes_that_is_built():
    net = Network.load("torchvision:resnet18", class_names=["cat", "dog"])
    assert net.logits(torch.zeros(1, 3, 64, 64)).shape == (1, 2)
    assert Network.load("timm:resnet18", class_names=["cat", "dog"]).class_names == ["cat", "dog"]


def test_a_network_of_other_classes_is_not_given_the_names_of_imagenet():
    assert from_timm("test_efficientnet", None, Description(classes=tuple("abcde"))).class_names is None
    assert from_timm("test_efficientnet", None, Description()).class_names[587] == "hammer"


def test_a_network_by_torch_export_is_loaded_and_explained(tmp_path):
    module, photo = small(), torch.randn(1, 3, 16, 12)
    torch.export.save(torch.export.export(module, (photo,)), tmp_path / "net.pt2")
    plain = Preprocessing(size=(16, 12), resize=18)
    net = Network.load(str(tmp_path / "net.pt2"), preprocessing=plain, trust_code=True)
    own = Network(module, preprocessing=plain)
    methods = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]
    actual, expected = explain(net, photo, methods), explain(own, photo, methods)
    assert net.layer == own.layer == "1"
    for method in methods:
        torch.testing.assert_close(actual.maps[method], expected.maps[method])


def test_a_download_that_fails_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", _offline)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", _offline)
    with pytest.raises(
        CamError, match=r"torchvision:resnet18 could not be downloaded.*fetch https://.*give its path"
    ):
        Network.load("torchvision:resnet18", weights="DEFAULT")
    monkeypatch.setattr(timm, "create_model", _offline)
    with pytest.raises(CamError, match=r"timm:resnet18 could not be downloaded.*give its path"):
        Network.load("timm:resnet18", weights="DEFAULT")


@pytest.mark.parametrize(
    "weights", ["IMAGENET1K_V1", "imagenet1k_v2", "MobileNet_V2_Weights.IMAGENET1K_V1", "DEFAULT"]
)
def test_torchvisions_weights_are_taken_by_their_names(monkeypatch, weights):
    """The authors' public code loads IMAGENET1K_V1; what torchvision takes unasked is another network."""
    asked = []

    def download(url, **_):
        asked.append(url.rpartition("/")[2])
        return torchvision.models.mobilenet_v2(weights=None).state_dict()

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", download)
    net = Network.load("torchvision:mobilenet_v2", weights=weights)
    first = weights.endswith("V1")
    assert asked == ["mobilenet_v2-b0353104.pth" if first else "mobilenet_v2-7ebf99e0.pth"]
    assert net.preprocessing.resize == (256 if first else 232)
    assert net.class_names[587] == "hammer"


@pytest.mark.parametrize("weights", ["tv_in1k", "resnet50.tv_in1k"])
def test_timms_weights_are_taken_by_their_tags(monkeypatch, weights):
    asked = []

    def create(name, **options):
        asked.append((name, options.get("pretrained")))
        raise OSError("as far as it goes without a network")

    monkeypatch.setattr(timm, "create_model", create)
    with pytest.raises(CamError, match=r"timm:resnet50.tv_in1k could not be downloaded.*resnet50-0676ba61"):
        Network.load("timm:resnet50", weights=weights)
    assert asked == [("resnet50.tv_in1k", True)]


@pytest.mark.parametrize(
    ("spec", "weights", "message"),
    [
        ("torchvision:resnet50", "IMAGENET1K_V3", r"no weights “IMAGENET1K_V3”; did you mean .*IMAGENET1K_V1, IMAGENET1K_V2 or DEFAULT"),
        ("timm:resnet50", "tv_in2k", r"no weights “tv_in2k”; did you mean .*tv_in1k"),
        ("torchvision:vgg16", "IMAGENET1K_FEATURES", "features without a classifier"),
        ("torchvision:resnet50", "IMAGENET1K_V1.pth", "no such file"),
    ],
)  # fmt: skip
def test_weights_that_a_library_does_not_have_are_refused_with_those_that_it_has(spec, weights, message):
    with pytest.raises(CamError, match=message):
        Network.load(spec, weights=weights)


def test_a_file_is_told_by_its_contents_and_not_by_its_name(tmp_path):
    known = identified("torchvision:resnet50", "IMAGENET1K_V1")
    assert (known.file, known.accuracy, known.resize) == ("resnet50-0676ba61.pth", 0.7613, 256)
    assert identified("timm:resnet50", "tv_in1k").file == known.file
    assert identified("torchvision:resnet50", "DEFAULT").name == "IMAGENET1K_V2"
    called_so = tmp_path / "resnet50-0676ba61.pth"
    called_so.write_bytes(b"others")
    assert identified("torchvision:resnet50", str(called_so)) is None
    assert identified("torchvision:resnet50", "") is identified("package:squeezenet1_1", "") is None
    digits = hashlib.sha256(b"others").hexdigest()[:8]
    assert _is_what_its_name_says(called_so.rename(tmp_path / f"resnet50-{digits}.pth"))


def _offline(*_args, **_kwargs):
    raise OSError("no route to host")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("torchvision:resnet51", r"no classification network 'resnet51'; did you mean .*resnet50"),
        ("timm:efficientnet_lite9", r"no network 'efficientnet_lite9'; did you mean .*efficientnet_lite"),
        ("package:vgg16", "choose squeezenet1_1, efficientnet_lite0"),
        ("resnet50", "torchvision:NAME, timm:NAME"),
        ("hub:resnet50", "torchvision:NAME, timm:NAME"),
        ("missing.pt2", "no such file"),
    ],
)
def test_a_network_that_does_not_exist_is_answered_with_what_does(spec, message):
    with pytest.raises(CamError, match=message):
        Network.load(spec)


def test_weights_of_another_architecture_say_what_differs(tmp_path):
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / "resnet.pth")
    with pytest.raises(CamError, match=r"another architecture.*missing.*unknown.*name the network"):
        Network.load("torchvision:squeezenet1_1", weights=tmp_path / "resnet.pth")


@pytest.mark.parametrize(
    "name", ["text.pth", "text.safetensors", "whole.pth", "missing.pth", "list.pth", "empty.pth"]
)
def test_a_file_that_holds_no_weights_is_one_clear_line(name, tmp_path):
    (tmp_path / "text.pth").write_text("hello")
    (tmp_path / "text.safetensors").write_text("hello")
    (tmp_path / "empty.pth").write_bytes(b"")
    torch.save(small(), tmp_path / "whole.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(CamError) as refused:
        Network.load("torchvision:squeezenet1_1", weights=tmp_path / name)
    assert name in str(refused.value)
    assert ";" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_layer_that_does_not_exist_is_refused_on_loading():
    with pytest.raises(CamError, match="layer 'layer5' does not exist in ResNet; did you mean layer"):
        Network.load("torchvision:resnet18", layer="layer5")


def test_the_manifest_is_plain_and_complete():
    net = packaged("efficientnet_lite0")
    manifest = json.loads(json.dumps(net.manifest()))
    assert manifest["network"] == "package:efficientnet_lite0"
    assert manifest["layer"] == "bn2"
    assert manifest["head"] == "average pool + linear"
    assert manifest["weights_sha256"] == net.weights_sha256
    assert manifest["preprocessing"]["size"] == [224, 224]
    out = explain(
        net, torch.zeros(1, 3, 224, 224), ["ablation-cam++"], parameters={"ablation-cam++": {"groups": 4}}
    )
    assert out.manifest["methods"] == {"ablation-cam++": {"groups": 4, "depth": 6, "threshold": 0.01}}
    assert out.manifest["score"] == "logit"


def exported(path, photos, dynamic=None, module=None):
    torch.export.save(torch.export.export(module or small(), (photos,), dynamic_shapes=dynamic), path)
    return str(path)


def any_number(most=None):
    return ({0: torch.export.Dim("photos", min=1, max=most)},)


def test_a_program_that_reads_any_number_of_photos_is_loaded_and_gives_what_its_module_gives(tmp_path):
    spec = exported(tmp_path / "any.pt2", torch.randn(2, 3, 224, 224), any_number())
    net, photos = Network.load(spec, trust_code=True), torch.randn(5, 3, 224, 224)
    torch.testing.assert_close(net.logits(photos), small()(photos))


def test_a_program_that_reads_a_few_photos_at_once_is_given_them_one_by_one(tmp_path):
    spec = exported(tmp_path / "few.pt2", torch.randn(2, 3, 224, 224), any_number(most=4))
    photos = torch.randn(9, 3, 224, 224)
    torch.testing.assert_close(Network.load(spec, trust_code=True).logits(photos), small()(photos))


def test_a_program_of_one_size_reads_photos_of_that_size(tmp_path):
    spec = exported(tmp_path / "wide.pt2", torch.randn(1, 3, 64, 48))
    net = Network.load(spec, trust_code=True)
    assert net.preprocessing.size == (64, 48)
    assert net.logits(torch.randn(3, 3, 64, 48)).shape == (3, 4)
    with pytest.raises(CamError, match=r"photos of 64 × 48 pixels, not of 32 × 32; export it again"):
        Network.load(spec, trust_code=True, preprocessing=Preprocessing(size=(32, 32), resize=32))


@pytest.mark.parametrize(
    ("shape", "dynamic", "said"),
    [
        ((4, 3, 64, 64), None, r"exported for \(4, 3, 64, 64\), and must read one photo"),
        ((3, 64, 64), None, r"exported for \(3, 64, 64\), and must read one photo"),
        ((3, 3, 64, 64), ({0: torch.export.Dim("photos", min=2)},), r"must read one photo.*min=1"),
        ((1, 1, 64, 64), None, "cannot read a photo as it is given here .*export it again"),
    ],
)
def test_a_program_that_cannot_read_one_photo_is_one_clear_line(tmp_path, shape, dynamic, said):
    first = nn.Conv2d(shape[-3], 6, 3, 2, 1)
    rest = [nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(-3), nn.Linear(6, 4)]
    spec = exported(tmp_path / "net.pt2", torch.randn(shape), dynamic, nn.Sequential(first, *rest).eval())
    with pytest.raises(CamError, match=said) as refused:
        Network.load(spec, trust_code=True)
    assert "net.pt2" in str(refused.value)
    assert "\n" not in str(refused.value)
