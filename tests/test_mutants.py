"""What `make mutate` changes: each rule of a service, whatever wraps it, and neither texts nor what only costs less."""

import textwrap
import tomllib

from bench.changes import ROOT
from bench.mutants import mutants_of
from bench.mutate import JUDGED

SOURCE = '''
@writing()
def answers(study, kind="main"):
    """The answers that count."""
    rows = study.rows.select_related("trial").filter(kind=kind)
    if study.closed:
        raise ValueError(f"{study}: is closed")
    return [share(row, study) for row in rows if row.counts]
'''


def changes(source=SOURCE, **options):
    made = list(mutants_of("module.py", source, **options))
    bodies = [set(mutant.source.splitlines()) - set(source.splitlines()) for mutant in made]
    return made, [line.strip() for body in bodies for line in body]


def test_a_link_of_a_query_a_condition_and_a_refusal_are_left_out():
    _, lines = changes()
    assert 'rows = study.rows.select_related("trial")' in lines
    assert "return [share(row, study) for row in rows]" in lines
    assert "if not (study.closed):" in lines
    assert "pass" in lines  # instead of the error


def test_arguments_change_places():
    assert "return [share(study, row) for row in rows if row.counts]" in changes()[1]


def test_texts_annotations_defaults_and_decorators_stay():
    made, lines = changes()
    assert not any("XX" in line for line in lines)
    assert not any("writing" in mutant.was or "closed}" in mutant.becomes for mutant in made)
    assert all('kind="main"' in mutant.source for mutant in made)
    assert not any("select_related(None" in line for line in lines)


def test_a_name_of_a_column_is_changed_and_prose_is_not():
    source = 'def f(row):\n    return row["state"] + say("It is over.")\n'
    made, _ = changes(source)
    assert any("XXstateXX" in mutant.source for mutant in made)
    assert all("It is over." in mutant.source for mutant in made)


def test_only_the_lines_asked_for_are_changed():
    made, _ = changes(lines={6})
    assert made
    assert {mutant.line for mutant in made} == {6}


def test_a_sample_is_the_same_each_time_and_every_mutant_compiles_and_differs():
    twice = [[mutant.source for mutant in changes(most=5, seed=3)[0]] for _ in range(2)]
    assert twice[0] == twice[1]
    assert len(set(twice[0])) == 5
    for source in twice[0]:
        compile(textwrap.dedent(source), "mutant", "exec")
        assert source != SOURCE


def test_what_was_judged_still_stands_where_it_was():
    rows = tomllib.loads(JUDGED.read_text("utf-8"))["judged"]
    assert all(row["why"] for row in rows)
    lines = {
        row["file"]: {line.strip() for line in (ROOT / row["file"]).read_text("utf-8").splitlines()}
        for row in rows
    }
    assert [row for row in rows if row["line"] not in lines[row["file"]]] == []
