"""Links that Prolific signs, in a study whose protocol gives Prolific's key: nobody comes in by any other."""

import json
import time
from urllib.parse import urlencode

import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from studies.models import FurtherLink, Participant, Study, hash_token
from studies.protocol import ProtocolError, check_protocol
from tests import by_sql
from tests.studies.participation.test_an_id_is_no_key import Came
from tests.studies.protocol.test_read_protocol import changed

pytestmark = pytest.mark.django_db
HOST = "study.example.org"
IDS = {"PROLIFIC_PID": "5f0a8c", "STUDY_ID": "s1", "SESSION_ID": "t1", "workspace_id": "w1"}
OURS, THEIRS = (RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}, private=True) for kid in ("k1", "k1"))


def public(*keys) -> str:
    return json.dumps(KeySet(list(keys)).as_dict(private=False))


def claims(**fields) -> dict:
    now = int(time.time())
    said = {"iss": "https://www.prolific.com", "aud": f"https://{HOST}/join/x/", "iat": now, "exp": now + 600}
    return {name: value for name, value in {**said, "prolific": IDS, **fields}.items() if value is not None}


def signed(key=OURS, alg="RS256", **fields) -> str:
    header = {"alg": alg, "kid": "k1"}
    return jwt.encode(header, claims(**fields), key, algorithms=[alg])


def with_token(address: str, token: str, **others) -> str:
    return f"{address}?{urlencode({**others, 'prolific_token': token})}"


@pytest.fixture
def opened(invite, settings):
    """A study that asks for Prolific's signature, and the path of its invitation."""
    settings.ALLOWED_HOSTS = [HOST]

    def opened(**recruitment):
        study, address = invite(items=4)
        protocol = {"recruitment": {"prolific_key": public(OURS), **recruitment}}
        by_sql.change(Study.objects.filter(pk=study.pk), protocol=protocol)
        return address

    return opened


@pytest.fixture
def visitor_at(another_visitor):
    def visitor_at():
        visitor = another_visitor()
        visitor.client.defaults["HTTP_HOST"] = HOST
        return visitor

    return visitor_at


def test_who_brings_a_signed_link_comes_in_as_who_it_says(opened, visitor_at):
    Came(visitor_at(), with_token(opened(), signed(), PROLIFIC_PID="somebody else"))
    person = Participant.objects.get()
    assert person.external_id == "prolific:5f0a8c"
    assert person.external == {name: IDS[name] for name in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")}


NOT_SIGNED = {
    "none": lambda: "",
    "no token": lambda: "a.b.c",
    "one too long": lambda: "a" * 9000,
    "control characters": lambda: "\x00\n",
    "another's key of the same name": lambda: signed(THEIRS),
    "no algorithm": lambda: "eyJhbGciOiJub25lIn0." + signed().split(".")[1] + ".",
    "the public key as a secret": lambda: signed(OctKey.import_key(public(OURS)), "HS256"),
    "another algorithm": lambda: signed(OURS, "RS512"),
    "another signature": lambda: signed().rsplit(".", 1)[0] + "." + signed(exp=1).rsplit(".", 1)[1],
    "one that has run out": lambda: signed(exp=int(time.time()) - 120),
    "one without an end": lambda: signed(exp=None),
    "an end that is no time": lambda: signed(exp="tomorrow"),
    "another site's": lambda: signed(aud="https://elsewhere.example.org/join/x/"),
    "one whose name begins like this site's": lambda: signed(aud=f"https://{HOST}.evil.example"),
    "nobody's": lambda: signed(aud=None),
    "an audience that is no address": lambda: signed(aud="https://[x"),
    "nothing of Prolific": lambda: signed(prolific=None),
    "no person": lambda: signed(prolific={"STUDY_ID": "s1"}),
    "a person who is no text": lambda: signed(prolific={"PROLIFIC_PID": ["5f0a8c"]}),
}


@pytest.mark.parametrize("kind", NOT_SIGNED)
def test_a_link_that_is_not_signed_as_it_should_be_lets_nobody_in_and_says_why(opened, visitor_at, kind):
    address = with_token(opened(), NOT_SIGNED[kind](), **IDS)
    client = visitor_at().client
    for reply in (client.get(address), client.post(address, {"consent": "on"})):
        assert reply.status_code == 403
        assert "This link could not be checked" in reply.content.decode()
    assert not Participant.objects.exists()


def test_a_link_without_any_parameter_lets_nobody_in_either(opened, visitor_at):
    assert visitor_at().client.get(opened()).status_code == 403


def test_a_signed_place_that_was_not_filled_in_is_no_person(opened, visitor_at):
    address = with_token(opened(), signed(prolific={"PROLIFIC_PID": "{{%PROLIFIC_PID%}}"}))
    assert visitor_at().client.get(address).status_code == 400


@pytest.mark.parametrize(
    "audience", [HOST, f"https://{HOST}", [f"https://{HOST}:443/", "https://other.example"]]
)
def test_this_site_is_known_by_its_name_in_whatever_form(opened, visitor_at, audience):
    assert visitor_at().client.get(with_token(opened(), signed(aud=audience))).status_code == 200


def test_where_the_protocol_names_the_study_the_signature_must_name_it_too(opened, visitor_at):
    address = opened(prolific_study="s1")
    assert visitor_at().client.get(with_token(address, signed())).status_code == 200
    other = {**IDS, "STUDY_ID": "s2"}
    assert visitor_at().client.get(with_token(address, signed(prolific=other))).status_code == 403


def test_any_of_several_keys_will_do(opened, visitor_at):
    new = RSAKey.generate_key(2048, {"kid": "k2"}, private=True)
    address = opened(prolific_key=public(new, OURS))
    assert visitor_at().client.get(with_token(address, signed())).status_code == 200


def test_a_signature_is_proof_on_another_device_too_and_the_first_link_stays(opened, visitor_at):
    address = opened()
    owner = Came(visitor_at(), with_token(address, signed())).begin()
    owner.visitor.answer(0)
    other = Came(visitor_at(), with_token(address, signed()))
    assert other.token != owner.token
    assert not FurtherLink.objects.get().is_limited
    assert "2 of 4" in other.visitor.text
    assert not other.visitor.soup.select_one("#undo").has_attr("hidden")
    assert Participant.objects.get().token_sha256 == hash_token(owner.token)
    assert "2 of 4" in owner.visitor.get(owner.home).text


def test_a_limited_link_becomes_a_whole_one_once_it_comes_signed(opened, visitor_at):
    address = opened()
    owner = Came(visitor_at(), with_token(address, signed())).begin()
    owner.visitor.answer(0)
    other = Came(visitor_at(), with_token(address, signed()))
    FurtherLink.objects.update(is_limited=True, after=1)
    assert "of 4" not in other.visitor.get(other.home).text
    other.again()
    link = FurtherLink.objects.get()
    assert (link.is_limited, link.after) == (False, 0)
    assert "2 of 4" in other.visitor.text


def test_who_reads_for_longer_than_the_signature_lasts_is_let_in_and_nobody_else_by_it(opened, visitor_at):
    address = with_token(opened(), signed())
    reader = visitor_at()
    reader.get(address)
    with time_machine.travel(time.time() + 3600, tick=False):
        assert visitor_at().client.get(address).status_code == 403
        assert Came(reader, address).visitor.response.status_code == 200
    assert Participant.objects.get().external_id == "prolific:5f0a8c"


# The key in a protocol


PEM = OURS.as_pem(private=False).decode()
GOOD = {"a set": public(OURS), "one key": json.dumps(OURS.as_dict(private=False)), "a PEM": PEM}
BAD = {
    "words": "my key",
    "an empty set": '{"keys": []}',
    "a list": "[]",
    "a number": "3",
    "no keys": '{"keys": 3}',
    "a private key": OURS.as_pem(private=True).decode(),
    "a private key in JSON": json.dumps(OURS.as_dict(private=True)),
    "a secret": json.dumps(OctKey.generate_key(256, private=True).as_dict(private=True)),
    "another kind": json.dumps(ECKey.generate_key("P-256", private=True).as_dict(private=False)),
    "a short one": json.dumps(RSAKey.generate_key(1024, private=True).as_dict(private=False)),
    "half a PEM": PEM[:80],
    "brackets": "[" * 5000,
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_key_is_read_as_the_site_publishes_it_or_as_a_pem(kind):
    assert check_protocol(changed(recruitment__prolific_key=GOOD[kind])).prolific_key == GOOD[kind].strip()


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_public_key_is_a_sentence(kind):
    with pytest.raises(ProtocolError) as refused:
        check_protocol(changed(recruitment__prolific_key=BAD[kind]))
    assert refused.value.lines == [
        "recruitment.prolific_key: holds no public RSA keys of 2,048 bits or more; put in what "
        "https://api.prolific.com/.well-known/study/jwks.json shows."
    ]
