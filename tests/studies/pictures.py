"""The pictures of a trial as a browser comes to them: by the addresses that it is handed with its trials."""

from django.urls import reverse


def addresses(client, token: str) -> dict[int, list[str]]:
    """What somebody is handed now: by the position of each trial the addresses of its photo and its maps."""
    trials = client.get(reverse("answers", args=[token])).json()["trials"]
    return {trial["position"]: trial["pictures"] for trial in trials}


def ask(client, token: str, position: int, slot: int):
    """The reply for one picture: slot 0 is the photo."""
    return client.get(addresses(client, token)[position][slot])
