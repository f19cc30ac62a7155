"""A fault is data, and the command line and the pages each put it into words: every kind of fault, on both."""

import pytest

from studies.protocol.fault_words import (
    KINDS,
    ON_COMMAND_LINE,
    ON_PAGE,
    on_command_line,
    on_page,
    on_page_with_key,
)
from studies.protocol.faults import Code, Fault, Kind
from studies.protocol.schema import ProtocolError

SEED = ("design", "seed")
NETWORK = {"network": "tiny", "classes": ["hen", "emu"]}
# A fault of every kind: its line on the command line, and its sentence on a page.
EXAMPLES = [
    (Fault(SEED, Code.MISSING, {"kind": Kind.FLAG}),
     "design.seed: is missing; it must be true or false.", "This is missing; it must be true or false."),
    (Fault(SEED, Code.WRONG_KIND, {"kind": Kind.TEXT, "value": 3}),
     "design.seed: is 3; it must be a text.", "This is 3; it must be a text."),
    (Fault(("arms", 2, "method"), Code.NOT_ALLOWED, {"kind": Kind.ONE_OF, "value": "c", "choices": ("a", "b")}),
     "arms[2].method: is 'c'; it must be 'a' or 'b'.", "This is 'c'; it must be 'a' or 'b'."),
    (Fault(("title",), Code.LENGTH, {"length": 0, "most": 200}),
     "title: has 0 characters; it must have 1 to 200.", "This has 0 characters; it must have 1 to 200."),
    (Fault(("title",), Code.NUL),
     "title: has a NUL character; take it out.", "This has a NUL character; take it out."),
    (Fault(("extra",), Code.UNKNOWN_KEY, {"known": ("arms", "task")}),
     "extra: is unknown; known keys are arms, task.", "This is unknown; known keys are arms, task."),
    (Fault(("analysis", "contrasts"), Code.NO_PAIR, {"value": ["a"]}),
     "analysis.contrasts: has ['a']; each entry must be two different names.",
     "This has ['a']; each entry must be two different names."),
    (Fault(("analysis", "contrasts"), Code.NO_SUCH_NAME, {"value": "c", "known": ("a", "b")}),
     "analysis.contrasts: names 'c'; there is a, b.", "This names 'c'; there is a, b."),
    (Fault(("recruitment", "completion_url"), Code.NO_HTTPS, {"value": "x"}),
     "recruitment.completion_url: is 'x'; it must begin with https://.", "This is 'x'; it must begin with https://."),
    (Fault(("recruitment", "prolific_key"), Code.NO_PUBLIC_KEY),
     "recruitment.prolific_key: holds no public RSA keys of 2,048 bits or more; put in what "
     "https://api.prolific.com/.well-known/study/jwks.json shows.",
     "This holds no public RSA keys of 2,048 bits or more; put in what "
     "https://api.prolific.com/.well-known/study/jwks.json shows."),
    (Fault(("wording", "thanks"), Code.NO_SUCH_PLACE, {"place": "class"}),
     "wording.thanks: has a place {class} that nothing is put in for.",
     "This has a place {class} that nothing is put in for."),
    (Fault(("recruitment", "parameters"), Code.TOO_MANY, {"count": 11, "most": 10}),
     "recruitment.parameters: has 11 entries; it must be 10 at most.", "This has 11 entries; it must be 10 at most."),
    (Fault(("recruitment", "person"), Code.NO_PARAMETER, {"value": "a b"}),
     "recruitment.person: names 'a b'; a parameter of a link has letters A-Z and a-z, digits, - and _, and is not called code.",
     "This names 'a b'; a parameter of a link has letters A-Z and a-z, digits, - and _, and is not called code."),
    (Fault(("recruitment", "ways_back", "finished", "url"), Code.SAID_TWICE, {"other": "recruitment.completion_url"}),
     "recruitment.ways_back.finished.url: is said twice, here and as recruitment.completion_url; leave one of them out.",
     "This is said twice, here and as recruitment.completion_url; leave one of them out."),
    (Fault(("wording", "labels"), Code.LABELS, {"count": 2, "wanted": 5}),
     "wording.labels: has 2 entries; it must be 5, from left to right.",
     "This has 2 entries; it must be 5, from left to right."),
    (Fault(("design", "comparison"), Code.COMPARED_IN_TRIALS, {"value": "between", "task": "choice", "tasks": ("single",)}),
     "design.comparison: is 'between', but trials of a choice study compare arms side by side, so nobody meets one without the others; "
     "leave it out, or take a task whose trials show one map (single).",
     "This is 'between', but trials of a choice study compare arms side by side, so nobody meets one without the others; "
     "leave it out, or take a task whose trials show one map (single)."),
    (Fault(("design", "comparison"), Code.ONE_ARM, {"value": "blocks"}),
     "design.comparison: is 'blocks', but there is one arm; give another, or leave this out.",
     "This is 'blocks', but there is one arm; give another, or leave this out."),
    (Fault(("design", "responses_per_item"), Code.NO_MULTIPLE, {"value": 5, "comparison": "between", "arms": 2}),
     "design.responses_per_item: is 5; with design.comparison = 'between' each photo needs equally many answers about each of the 2 "
     "arms, so it must be a multiple of 2.",
     "This is 5; with design.comparison = 'between' each photo needs equally many answers about each of the 2 arms, so it must be a "
     "multiple of 2."),
    (Fault(("design", "attention_checks"), Code.MOST_CHECKS),
     "design.attention_checks: is more than half of trials_per_participant; ask for fewer.",
     "This is more than half of trials_per_participant; ask for fewer."),
    (Fault(("design", "responses_per_item"), Code.MORE_THAN_PEOPLE, {"value": 6, "people": 5}),
     "design.responses_per_item: is 6, more than the 5 people planned; nobody is asked twice.",
     "This is 6, more than the 5 people planned; nobody is asked twice."),
    (Fault(("design", "grown_from"), Code.NOT_GROWING, {"value": [4, 3], "each": 6}),
     "design.grown_from: is [4, 3]; these numbers of answers for a photo must rise, and stay below responses_per_item (6).",
     "This is [4, 3]; these numbers of answers for a photo must rise, and stay below responses_per_item (6)."),
    (Fault(("questions", 1, "eligible"), Code.ELIGIBLE_AFTER),
     "questions[1].eligible: is set, but the question is asked after the photos, when nobody is sent away any more; leave it out.",
     "This is set, but the question is asked after the photos, when nobody is sent away any more; leave it out."),
    (Fault(("exclusions", "missed_checks"), Code.MORE_THAN_CHECKS, {"value": 3, "checks": 2}),
     "exclusions.missed_checks: is 3, but design.attention_checks is 2.",
     "This is 3, but design.attention_checks is 2."),
    (Fault(("exclusions", "failed_practice"), Code.NO_PRACTICE),
     "exclusions.failed_practice: is true, but design.practice is not.",
     "This is true, but design.practice is not."),
    (Fault(("analysis", "decided_by"), Code.NO_RULES, {"value": "kept"}),
     "analysis.decided_by: is 'kept', but no rule leaves anybody out; give one, as exclusions.median_ms, or leave this out.",
     "This is 'kept', but no rule leaves anybody out; give one, as exclusions.median_ms, or leave this out."),
    (Fault(("exclusions", "position_share"), Code.ONE_PLACE, {"value": 0.9, "task": "single"}),
     "exclusions.position_share: is 0.9, but trials of a single study show one map, so everybody keeps to its place; leave it out.",
     "This is 0.9, but trials of a single study show one map, so everybody keeps to its place; leave it out."),
    (Fault(("arms",), Code.SAME_ARM, {"keys": ("network", "method")}),
     "arms: has the same network and method twice; each arm must be another pair.",
     "This has the same network and method twice; each arm must be another pair."),
    (Fault(("arms",), Code.SAME_ARM, {"keys": ("pictures",)}),
     "arms: has the same pictures twice; each arm must be another one.",
     "This has the same pictures twice; each arm must be another one."),
    (Fault(("arms", "name"), Code.SAME_NAME),
     "arms.name: is the same for two arms; give each a name of its own.",
     "This is the same for two arms; give each a name of its own."),
    (Fault(("arms",), Code.SIGNS_DIFFER, {"signs": ("absolute", "positive")}),
     "arms: shows signed maps by more than one rule (absolute, positive); name one for all arms in design.sign.",
     "This shows signed maps by more than one rule (absolute, positive); name one for all arms in design.sign."),
    (Fault(("design", "cells"), Code.CANNOT_SMOOTH, {"arms": ("panels", "sheets")}),
     "design.cells: is set, and panels, sheets shows finished pictures, which have no cells to average; leave it out, or bring maps.",
     "This is set, and panels, sheets shows finished pictures, which have no cells to average; leave it out, or bring maps."),
    (Fault(("arms",), Code.ARMS_EXACTLY, {"count": 3, "task": "rating", "wanted": 2}),
     "arms: has 3 entries; a rating study compares exactly two.",
     "This has 3 entries; a rating study compares exactly two."),
    (Fault(("arms",), Code.ARMS_BETWEEN, {"count": 9, "task": "choice", "least": 2, "most": 8}),
     "arms: has 9 entries; a choice study compares 2 to 8.", "This has 9 entries; a choice study compares 2 to 8."),
    (Fault(("questions", 1, "options"), Code.FEW_OPTIONS),
     "questions[1].options: must be a list of two texts or more.", "Must be a list of two texts or more."),
    (Fault(("questions", 1, "eligible"), Code.NO_SUCH_OPTION, {"value": "x"}),
     "questions[1].eligible: has 'x', which is not one of the options.",
     "This has 'x', which is not one of the options."),
    (Fault(("questions", "key"), Code.SAME_QUESTION),
     "questions.key: is the same for two questions; give each a key of its own.",
     "This is the same for two questions; give each a key of its own."),
    (Fault(("looks", "after"), Code.LOOKS, {"value": [0.5], "why": "looks at [0.5]: give fractions"}),
     "looks.after: is [0.5]; looks at [0.5]: give fractions.", "This is [0.5]; looks at [0.5]: give fractions."),
    (Fault(("looks",), Code.LOOKS_AT_NOTHING),
     "looks: needs [analysis] contrasts: a look judges contrasts that were declared.",
     "Needs [analysis] contrasts: a look judges contrasts that were declared."),
    (Fault(("slug",), Code.SLUG_TAKEN, {"slug": "s"}),
     "slug: a study 's' exists already; choose another slug.", "A study “s” exists already; choose another name."),
    (Fault(("photos", "set"), Code.NO_SET, {"set": "b", "known": ()}),
     "photos.set: 'b' is no set of photos here (there is: none yet); bring it in: manage.py import_images PATH --set b",
     "'b' is no set of photos here (there is: none yet)."),
    (Fault(("photos", "set"), Code.NO_SET_NO_LIMIT, {"set": "b"}),
     "photos.set: 'b' is no set of photos here, and without photos.limit nobody knows how many there will be; "
     "bring it in (manage.py import_images PATH --set b) or set a limit.",
     "'b' is no set of photos here, and without photos.limit nobody knows how many there will be; "
     "bring it in or set a limit."),
    (Fault(("arms", "network"), Code.NO_NETWORK, {"network": "n", "known": ("tiny", "small")}),
     "arms.network: 'n' is no network here (there is: tiny, small); add it: manage.py add_network n --load …",
     "'n' is no network here (there is: tiny, small)."),
    (Fault(("arms", 2, "method"), Code.NO_METHOD, {"why": "unknown method x; install it"}),
     "arms[2].method: unknown method x; install it.", "unknown method x; install it."),
    (Fault(("photos", "classes"), Code.NO_SUCH_CLASS, {"classes": ["emu", "kiwi"]}),
     "photos.classes: no photo is labelled 'emu', 'kiwi'.", "No photo is labelled 'emu', 'kiwi'."),
    (Fault(("photos", "only_correct"), Code.NOT_SEEN, {"network": "tiny", "set": "b", "command": "manage.py precompute b"}),
     "photos.only_correct: tiny has not looked at all photos of b; first run: manage.py precompute b",
     "The network tiny has not looked at all photos of b yet; it does when the maps are made."),
    (Fault(("photos", "min_f1"), Code.NOBODY_TO_ASK),
     "photos.min_f1: asks what networks say of the photos, and no arm names a network; take it out, or list the photos' "
     "classes with photos.classes.",
     "Asks what networks say of the photos, and no arm names a network: choose photos by their class instead."),
    (Fault(("photos",), Code.NO_PHOTO_LEFT),
     "photos: no photo is left; ask for less, or bring in more photos.",
     "No photo is left; ask for less, or bring in more photos."),
    (Fault(("photos", "set"), Code.NETWORK_KNOWS_NOT, NETWORK),
     "photos.set: tiny knows no class 'emu', 'hen'; leave such photos out with photos.classes.",
     "The network tiny knows no class 'emu', 'hen'. Choose another, or name the classes that it knows in the step Photos."),
    (Fault(("design", "attention_checks"), Code.NO_BOXES, {"wanted": 2, "boxed": 0}),
     "design.attention_checks: 2 are needed, and 0 of the photos have a box around their object. Bring the photos in with "
     "boxes (manage.py import_images … --boxes FILE), or set attention_checks = 0.",
     "2 are asked for, and none of the photos have a box around the object. Upload photos with boxes, or ask for fewer."),
    (Fault(("arms",), Code.MAPS_MISSING, {"missing": 1, "photos": 6, "maps": "maps of m by n"}),
     "arms: 1 of 6 maps of m by n are missing.", "1 of 6 maps of m by n are missing."),
    (Fault((), Code.RUN_FIRST, {"command": "manage.py precompute b"}),
     "First run: manage.py precompute b", "Compute the maps: the last step has a button for it."),
    (Fault((), Code.BRING_FIRST, {"command": "manage.py import_pictures b"}),
     "Bring them in first: manage.py import_pictures b",
     "They are not made here: somebody has to bring them in first."),
    (Fault(("recruitment", "people"), Code.TOO_FEW_PEOPLE, {"fewest": 9, "trials": 4, "answers": 3}),
     "recruitment.people: this study needs at least 9 people, as one gives at most 4 answers and an item needs 3 people; "
     "ask more people, or raise design.trials_per_participant",
     "this study needs at least 9 people, as one gives at most 4 answers and an item needs 3 people; "
     "ask more people, or raise design.trials_per_participant"),
    (Fault((), Code.NO_FILE), "Choose a file: a study.toml.", "Choose a file: a study.toml."),
    (Fault((), Code.UNREADABLE, {"file": "a.toml", "why": "gone"}),
     "a.toml: cannot be read (gone); give the path of a study.toml.",
     "a.toml: cannot be read (gone); give the path of a study.toml."),
    *[(fault, words, words) for fault, words in (
        (Fault((), Code.TOO_LARGE, {"file": "a.toml", "most": 64}),
         "a.toml: is over 64 KiB, too large for a protocol; choose a study.toml, or shorten its texts."),
        (Fault((), Code.NO_UTF_8, {"file": "a.toml", "line": 3}),
         "a.toml: line 3 is not in UTF-8; save the file as UTF-8."),
        (Fault((), Code.TOO_DEEP, {"file": "a.toml", "line": 3, "most": 8}),
         "a.toml: line 3 goes deeper than 8 tables or brackets; a protocol needs three. Take them apart."),
        (Fault((), Code.LONG_WORD, {"file": "a.toml", "line": 3, "most": 400}),
         "a.toml: line 3 has a name or number of more than 400 characters; shorten it, or put a text in quotes."),
        (Fault((), Code.NO_TOML, {"file": "a.toml", "why": "line 1"}),
         "a.toml: is no valid TOML (line 1); correct it there."),
    )],
    (Fault(("photos", "wrong_share"), Code.NOT_WITH, {"other": "only_correct"}),
     "photos.wrong_share: does not go with only_correct; leave one of them out.",
     "This does not go with only_correct; leave one of them out."),
    (Fault(("trial", "look_again"), Code.ONLY_WITH, {"other": "show_ms"}),
     "trial.look_again: means nothing without show_ms; set that too, or leave this out.",
     "This means nothing without show_ms; set that too, or leave this out."),
    (Fault(("trial", "confidence"), Code.ASKED_TWICE, {"words": ("probably", "surely")}),
     "trial.confidence: asks how sure people are, which the answers say already (probably, surely); leave one of them out.",
     "This asks how sure people are, which the answers say already (probably, surely); leave one of them out."),
    (Fault(("arms",), Code.ONE_NETWORK, {"networks": ["a", "b"], "task": "verify"}),
     "arms: names a, b; a verify study shows what one network says, so all arms that name a network must name the same.",
     "This names a, b; a verify study shows what one network says, so all arms that name a network must name the same."),
    (Fault(("wording", "class_titles"), Code.SOME_TITLES, {"missing": "hen"}),
     "wording.class_titles: has no title for hen, which the network says of some photo; give a title for every class that it says, "
     "or for none: else people would know its mistakes by the language.",
     "This has no title for hen, which the network says of some photo; give a title for every class that it says, or for none: else "
     "people would know its mistakes by the language."),
    (Fault(("arms",), Code.ONE_CLASS, {"arm": "brought", "task": "distinguish"}),
     "arms: has brought, whose maps are of one class each; a distinguish study shows maps of several classes of the network: take arms "
     "that name a network and a method.",
     "This has brought, whose maps are of one class each; a distinguish study shows maps of several classes of the network: take arms "
     "that name a network and a method."),
    (Fault(("distinguish", "classes"), Code.FEW_CLASSES, {"wanted": 6, "network": "tiny", "known": 5}),
     "distinguish.classes: is 6; tiny knows 5 classes, so ask for no more than that.",
     "This is 6; tiny knows 5 classes, so ask for no more than that."),
    (Fault((), Code.NO_DRAFT, {"study": "s", "state": "open"}),
     "s: is open, so its set-up cannot change now.", "s: is open, so its set-up cannot change now."),
    (Fault((), Code.MADE_ALREADY, {"study": "s", "state": "ready"}),
     "s: is ready already.", "s: is ready already."),
]  # fmt: skip


def test_every_kind_of_fault_has_words_on_both_surfaces():
    assert set(ON_COMMAND_LINE) == set(ON_PAGE) == set(Code)
    assert set(KINDS) == set(Kind)
    assert {fault.code for fault, _, _ in EXAMPLES} == set(Code)


@pytest.mark.parametrize(
    ("fault", "line", "sentence"), EXAMPLES, ids=[fault.code for fault, _, _ in EXAMPLES]
)
def test_a_fault_is_put_into_words_for_whoever_reads_it(fault, line, sentence):
    assert on_command_line(fault) == line
    assert ProtocolError(fault).lines == [line]
    assert on_page(fault) == sentence
    assert on_page_with_key(fault) == (f"{fault.name}: {sentence}" if fault.key else sentence)


def test_no_page_is_told_a_command():
    assert [fault.code for fault, _, _ in EXAMPLES if "manage.py" in on_page(fault)] == []


def test_what_somebody_typed_is_shown_as_it_was_typed():
    """Braces are no places of ours, and a command in a name is part of the name."""
    for typed in ("{known!c}", "{", "a: manage.py b", "is unknown;"):
        fault = Fault(("photos", "classes"), Code.NO_SUCH_CLASS, {"classes": [typed]})
        assert on_command_line(fault) == f"photos.classes: no photo is labelled {typed!r}."
        assert on_page(fault) == f"No photo is labelled {typed!r}."


def test_a_box_is_counted_in_words():
    faults = [Fault(("a",), Code.NO_BOXES, {"wanted": 4, "boxed": boxed}) for boxed in (0, 1, 2)]
    counts = [on_page(fault).split(", and ")[1].split(" a box")[0] for fault in faults]
    assert counts == ["none of the photos have", "1 of the photos has", "2 of the photos have"]


def test_equal_faults_are_one_and_faults_of_other_values_are_two():
    fault, same, other = (Fault(SEED, Code.NOT_ALLOWED, {"value": [value]}) for value in (1, 1, 2))
    assert len({fault, same, other}) == 2
