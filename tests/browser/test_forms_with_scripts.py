"""Uploads, the set-up, a link to copy and the way back to MTurk: what scripts add to these forms does what it says."""

import json
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from explain.web.forms import PhotosUploadForm
from studies.participation.sites.ways_back import WayBack
from tests.browser.script_site import HOME

pytestmark = pytest.mark.browser

MIB = 2**20
UNLOAD = """(() => {
  const event = new Event("beforeunload", { cancelable: true });
  window.dispatchEvent(event);
  return event.defaultPrevented;
})()"""


def script(name):
    return f'<script type="module" src="/static/js/{name}"></script>'


def photos(**errors):
    """The page for bringing photos in, one upload of at most 2 MiB."""
    form = PhotosUploadForm(data={}) if errors else PhotosUploadForm()
    context = {"form": form, "limit": "2 MiB", "limit_mib": 2, "csrf_token": "token"}
    return render_to_string("explain/photos_new.html", context, RequestFactory().get("/"))


CHOOSE = """([field, name, size]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(size)], name));
  document.querySelector(`input[name=${field}]`).files = transfer.files;
}"""


class Upload:
    def __init__(self, site, before=""):
        self.site = site
        self.page = site.open(photos().replace("<!doctype html>", ""), before=before)
        self.sent = []
        self.open_page = site.at["/page/"]
        site.at["/page/"] = self.receive
        self.reply = {"body": photos(wrong=True), "content_type": "text/html"}
        site.at["/job/"] = "<h1>On its way</h1>"

    def receive(self, route):
        if route.request.method == "POST":
            self.sent.append(route.request.post_data_buffer or b"")
            return route.fulfill(**self.reply)
        return route.fulfill(body=self.open_page, content_type="text/html")

    def choose(self, size, field="file", name="birds.zip"):
        self.page.evaluate(CHOOSE, [field, name, size])

    def send(self):
        self.page.click("button.primary")
        self.site.settle()

    @property
    def error(self):
        return self.page.text_content("[data-upload-error]")


@pytest.fixture
def upload(site):
    return Upload(site)


def test_what_is_over_the_limit_is_said_before_anything_is_sent(upload):
    upload.choose(2 * MIB + 1)
    upload.send()
    assert upload.sent == []
    assert upload.error.startswith("This is 2 MiB; one upload may have 2.")
    assert upload.page.is_visible("[data-upload-error]")
    assert upload.page.is_enabled("button.primary")


def test_the_limit_is_for_all_files_of_an_upload_together(upload):
    upload.choose(MIB + 1)
    upload.choose(MIB, field="boxes", name="boxes.csv")
    upload.send()
    assert upload.sent == []
    assert "one upload may have 2" in upload.error


def test_an_upload_of_just_the_limit_is_sent(upload):
    upload.choose(3 * MIB)
    upload.send()
    assert upload.error
    upload.choose(2 * MIB)
    upload.send()
    upload.page.wait_for_selector(".field.bad")
    assert len(upload.sent) == 1
    assert b'name="csrfmiddlewaretoken"' in upload.sent[0]


def test_without_a_file_the_form_is_sent_as_any_other(upload):
    """The server says what is missing."""
    upload.reply = {"body": "<h1>Drawn by the server</h1>", "content_type": "text/html"}
    upload.page.fill("[name=set_name]", "birds")
    upload.page.click("button.primary")
    upload.page.wait_for_selector("text=Drawn by the server")
    assert b"birds" in upload.sent[0]


# A request that goes as far as the test says.
FAKE = """
window.XMLHttpRequest = class extends EventTarget {
  constructor() { super(); this.upload = new EventTarget(); window.request = this; }
  open(...given) { this.opened = given; }
  send(form) { this.form = form; }
};
window.finish = (responseURL) => {
  Object.assign(request, { status: 200, responseURL, responseText: "<h1>On its way</h1>" });
  request.dispatchEvent(new Event("load"));
};
window.at = (loaded, total) => request.upload.dispatchEvent(new ProgressEvent("progress", { loaded, total }));
"""


def test_how_far_an_upload_is_is_shown_and_nobody_sends_it_twice(site):
    upload = Upload(site, before=FAKE)
    page = upload.page
    assert page.locator("[data-progress]").is_hidden()
    upload.choose(MIB)
    upload.send()
    assert page.is_disabled("button.primary")
    assert page.evaluate("[request.opened[0], new URL(request.opened[1]).pathname]") == ["POST", "/page/"]
    page.evaluate(f"at({MIB}, {4 * MIB})")
    assert page.is_visible("[data-progress]")
    assert page.evaluate("document.querySelector('[data-progress] progress').value") == 25
    assert page.text_content("[data-progress-words]") == "1 of 4 MiB"
    page.evaluate(f"at({4 * MIB}, {4 * MIB})")
    assert page.text_content("[data-progress-words]") == "Sent. A moment …"
    assert page.evaluate("[...request.form.keys()]") == [
        "csrfmiddlewaretoken",
        "back",
        "file",
        "set_name",
        "boxes",
    ]
    assert page.evaluate("request.form.get('file').size") == MIB
    page.evaluate("finish(new URL('/job/', location.href).href)")
    page.wait_for_url(HOME + "/job/")  # where the server led


def test_a_broken_connection_is_said_and_the_files_are_still_chosen(site):
    upload = Upload(site)
    page = upload.page
    site.at["/page/"] = lambda route: route.abort()
    upload.choose(MIB)
    upload.send()
    site.until("!document.querySelector('[data-upload-error]').hidden")
    assert upload.error.startswith("The connection broke.")
    assert page.locator("[data-progress]").is_hidden()
    assert page.is_enabled("button.primary")
    site.at["/page/"] = upload.receive
    upload.send()
    page.wait_for_selector(".field.bad")
    assert b"birds.zip" in upload.sent[0]


def test_what_is_wrong_is_said_by_the_server_and_the_files_are_still_chosen(upload):
    page = upload.page
    upload.choose(MIB)
    upload.send()
    page.wait_for_selector(".field.bad")
    assert page.evaluate("document.querySelector('[name=file]').files[0].name") == "birds.zip"
    assert page.locator("[data-progress]").is_hidden()
    page.evaluate("window.same = true; document.querySelector('.field.bad').classList.remove('bad')")
    upload.send()  # the new form has its script too
    page.wait_for_selector(".field.bad")
    assert [b"birds.zip" in body for body in upload.sent] == [True, True]
    assert page.evaluate("window.same")
    assert page.url.endswith("/page/")


def test_a_server_that_takes_no_upload_so_large_is_heard(upload):
    """One in front of Django has no page for it: whoever sent it would see an empty form, and no word."""
    upload.reply = {"status": 413, "body": "<h1>Request Entity Too Large</h1>", "content_type": "text/html"}
    upload.choose(MIB)
    upload.send()
    upload.site.until("!document.querySelector('[data-upload-error]').hidden")
    assert "413" in upload.error
    assert upload.page.is_enabled("button.primary")
    assert upload.page.locator("[data-progress]").is_hidden()
    assert upload.page.evaluate("document.querySelector('[name=file]').files.length") == 1


DROP = """(type) => {
  const transfer = new DataTransfer();
  if (type === "drop") transfer.items.add(new File(["zip"], "dropped.zip"));
  const event = new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer });
  document.querySelector("[data-drop]").dispatchEvent(event);
  return [event.defaultPrevented, document.querySelector("[data-drop]").classList.contains("over")];
}"""


def test_a_file_is_dropped_into_its_place(upload):
    page = upload.page
    assert page.is_visible("[data-drop-words]")
    # Not prevented, the browser would open the file instead.
    assert page.evaluate(DROP, "dragover") == [True, True]
    assert page.evaluate(DROP, "dragleave") == [True, False]
    page.evaluate(DROP, "dragover")
    assert page.evaluate(DROP, "drop") == [True, False]
    assert page.evaluate("document.querySelector('[data-drop] input').files[0].name") == "dropped.zip"


SET_UP = """<div class="set-up"><form data-unsaved method="post">
<input name="people" value="20"><input name="responses_per_item" value="5">
<input name="trials_per_participant" value="30"><input name="repeats_per_participant" value="2"><button>Save</button></form>
<aside data-estimate="/estimate/" data-items="49"><b data-shown="answers">1</b><b data-shown="fewest">2</b>
<p data-too-few hidden>Too few</p></aside></div>"""


def test_unsaved_words_are_not_lost_by_a_careless_click(site):
    page = site.open(SET_UP + script("setup.js"))
    assert page.evaluate(UNLOAD) is False
    page.fill("[name=people]", "30")
    assert page.evaluate(UNLOAD) is True
    page.evaluate("document.querySelector('form').dispatchEvent(new Event('submit'))")
    assert page.evaluate(UNLOAD) is False


def test_what_was_refused_is_not_saved_and_not_lost_either(site):
    page = site.open(SET_UP.replace("<form", "<div role='alert'></div><form") + script("setup.js"))
    assert page.evaluate(UNLOAD) is True


def test_the_estimate_follows_what_is_typed_and_waits_for_the_end_of_it(site):
    asked = []

    def estimate(route):
        asked.append(route.request.url.partition("?")[2])
        route.fulfill(json={"estimate": {"answers": 245, "fewest": 9, "enough": len(asked) > 1}})

    site.at["/estimate/"] = estimate
    page = site.open(SET_UP + script("setup.js"))
    for typed in ("3", "35"):
        page.fill("[name=people]", typed)
        site.pass_time(249)
    assert asked == []
    site.pass_time(1)
    site.until("document.querySelector('[data-shown=answers]').textContent === '245'")
    rest = "responses_per_item=5&trials_per_participant=30&repeats_per_participant=2"
    assert asked == [f"items=49&people=35&{rest}"]
    assert page.text_content("[data-shown=fewest]") == "9"
    assert page.is_visible("[data-too-few]")
    page.fill("[name=people]", "40")
    site.pass_time(250)
    site.until("document.querySelector('[data-too-few]').hidden")


def test_an_estimate_that_cannot_be_made_shows_no_old_figures(site):
    site.at["/estimate/"] = 500
    page = site.open(SET_UP + script("setup.js"))
    page.fill("[name=people]", "3")
    site.pass_time(250)
    assert page.text_content("[data-shown=answers]") == "1"
    site.at["/estimate/"] = {"estimate": None}
    page.fill("[name=people]", "")
    site.pass_time(250)
    site.until("document.querySelector('[data-shown=answers]').textContent === '–'")
    assert page.locator("[data-too-few]").is_hidden()


def becomes(page, name):
    parts = f"[...document.querySelectorAll('[data-becomes={name}] p')].map((part) => [part.textContent, part.dir])"
    return page.evaluate(parts)


def test_a_text_is_shown_as_volunteers_will_read_it(site):
    facts = json.dumps({"trials": 30, "zero": 0})
    fields = (
        '<textarea id="lead" name="lead" dir="rtl">Hello {trials} {zero} {unknown}\n\n \nand\nmore</textarea>'
        '<textarea id="labels" name="labels" dir="ltr">Left\n\nRight</textarea>'
        '<div data-becomes="lead" hidden></div><div data-becomes="labels" hidden></div>'
    )
    page = site.open(
        f'<script id="facts" type="application/json">{facts}</script>{fields}{script("setup.js")}'
    )
    assert page.is_visible("[data-becomes=lead]")
    assert becomes(page, "lead") == [["Hello 30 0 {unknown}", "rtl"], ["and\nmore", "rtl"]]
    assert becomes(page, "labels") == [["Left", "ltr"], ["Right", "ltr"]]
    page.fill("#lead", "<b>{trials}</b>")
    assert becomes(page, "lead") == [["<b>30</b>", "rtl"]]  # as text, and never as code


COPY = '<div><input value="https://example.org/join/x" data-copy-source readonly><button data-copy hidden>Copy</button></div>'
REMEMBER = "addEventListener('copy', () => { window.copied = getSelection().toString(); });"


@pytest.mark.parametrize("clipboard", ["undefined", "{ writeText: () => Promise.reject(new Error('no')) }"])
def test_a_link_is_copied_where_the_clipboard_is_not_given_too(site, clipboard):
    before = f"Object.defineProperty(navigator, 'clipboard', {{ value: {clipboard} }});{REMEMBER}"
    page = site.open(COPY.replace("<button", "<button type='button'") + script("workspace.js"), before=before)
    page.click("[data-copy]")
    page.wait_for_selector("text=Copied")
    assert page.evaluate("window.copied") == "https://example.org/join/x"


def test_the_link_itself_goes_to_the_clipboard(site):
    clipboard = "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.written = text; } } });"
    page = site.open(COPY + script("workspace.js"), before=clipboard + REMEMBER)
    page.click("[data-copy]")
    page.wait_for_selector("text=Copied")
    assert page.evaluate("[window.written, window.copied]") == ["https://example.org/join/x", None]
    page.focus("[data-copy-source]")
    assert page.evaluate("getSelection().toString()") == "https://example.org/join/x"


class Assignment:
    """The last page of an MTurk worker."""

    def __init__(self, site):
        self.site = site
        self.handed_in = []
        site.at["/mturk/externalSubmit"] = self.take

    def take(self, route):
        self.handed_in.append(route.request.post_data)
        route.fulfill(body="<h1>Thank you, worker</h1>", content_type="text/html")

    def show(self, name="A1", before=""):
        context = {
            "way": WayBack(mturk="/mturk/externalSubmit", assignment=name, code="CODE"),
            "given": 3,
            "study": SimpleNamespace(title="Birds"),
            "token": "TOKEN",
        }
        html = render_to_string("volunteer/thanks.html", context).replace("<!doctype html>", "")
        return self.site.open(html, before=before)


@pytest.fixture
def assignment(site):
    return Assignment(site)


def test_an_assignment_is_handed_in_once_after_time_to_read(site, assignment):
    page = assignment.show()
    site.pass_time(2999)
    assert assignment.handed_in == []
    site.pass_time(1)
    page.wait_for_selector("text=Thank you, worker")
    assert assignment.handed_in == ["assignmentId=A1&code=CODE"]
    page = assignment.show()  # somebody comes back to read the code
    site.pass_time(60_000)
    assert page.is_visible("#mturk")
    assert len(assignment.handed_in) == 1
    page.click("#mturk button")  # who wants to, can
    page.wait_for_selector("text=Thank you, worker")
    assert len(assignment.handed_in) == 2


def test_the_next_assignment_of_a_worker_is_handed_in_too(site, assignment):
    for name in ("A1", "A2"):
        page = assignment.show(name)
        site.pass_time(3000)
        page.wait_for_selector("text=Thank you, worker")
    assert assignment.handed_in == ["assignmentId=A1&code=CODE", "assignmentId=A2&code=CODE"]


def test_who_leaves_before_it_was_handed_in_finds_it_handed_in_on_return(site, assignment):
    assignment.show()
    site.pass_time(1000)
    page = assignment.show()
    site.pass_time(3000)
    page.wait_for_selector("text=Thank you, worker")
    assert len(assignment.handed_in) == 1


def test_without_storage_the_button_has_to_do(site, assignment):
    forbidden = "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('no'); } });"
    page = assignment.show(before=forbidden)
    site.pass_time(60_000)
    assert assignment.handed_in == []
    page.click("#mturk button")
    page.wait_for_selector("text=Thank you, worker")
