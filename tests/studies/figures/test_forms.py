"""What a table and a chart become: CSV, LaTeX, Markdown, SVG and PNG, each read back."""

import csv
import doctest
import io
import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from PIL import Image, ImageColor

from studies.core import svg
from studies.figures import as_csv, as_latex, as_markdown, shown_on, with_menus
from studies.figures.as_png import as_png
from studies.figures.as_svg import as_svg
from studies.figures.drawing import drawing_of
from studies.figures.sizes import PAINTS
from studies.figures.table import Cell, Table, table_of

NASTY = r"a_1 50 % & {x} \ # $ ^ ~ | * [b] -- “q” <i> 'z' `y`"
HTML = format_html(
    '<table data-name="nasty"><caption>Scores · <strong>simulated answers</strong></caption><thead><tr><th>Arm</th>'
    '<th class="number">Score</th><th class="number">95 % interval</th><th class="number">p</th></tr></thead>'
    '<tbody><tr><th>{}</th><td class="number">−0.50</td><td class="number">−1.20 – +0.10</td><td class="number">4.2 × 10⁻⁷</td></tr>'
    '<tr><th>=1+1</th><td class="number">+2.00</td><td class="number">0.00 – ∞</td><td class="number">–</td></tr>'
    '<tr><th>look 3</th><td colspan="3">not reached</td></tr></tbody><tfoot><tr><th>Total</th><td class="number">12.00</td></tr></tfoot></table>',
    NASTY,
)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def table():
    (one,) = shown_on(f"<p>before</p>{HTML}")
    assert (one.kind, one.name, one.title) == ("table", "table-nasty", "Scores · simulated answers")
    return table_of(one.html, one.title)


def a_chart(interval=(0.25, 0.75), title="Score of each arm"):
    parts = [
        svg.axis([(0, "0"), (1, "10")], 108),
        svg.bar(0, "grad-cam", figures=("5.00", "50.0 %"), colour="bar-1", share=0.5, interval=interval),
        svg.bar(1, "a < b & c", figures=("−1.00", "10.0 %"), colour="bar-same", share=0.1, interval=None),
        svg.mark(0.4, 108),
    ]
    return str(svg.chart(title, "What it says.", 108 + svg.AXIS, parts))


@pytest.mark.parametrize("module", [as_csv, as_latex, as_markdown])
def test_examples(module):
    found = doctest.testmod(module)
    assert (found.failed, found.attempted > 0) == (0, True)


def test_csv_has_numbers_as_numbers_with_the_page_s_digits_and_runs_no_formula(table):
    rows = list(csv.reader(io.StringIO(as_csv.table_as_csv(table).decode())))
    assert rows == [
        ["Arm", "Score", "95 % interval, low", "95 % interval, high", "p"],
        [NASTY, "-0.50", "-1.20", "0.10", "4.2e-7"],
        ["'=1+1", "2.00", "0.00", "inf", ""],
        ["look 3", "not reached", "", "", ""],
        ["Total", "12.00", "", "", ""],
    ]


def test_heads_that_stand_twice_are_told_apart():
    head = tuple(map(Cell, ("Of", "odds", "95 % interval", "share", "95 % interval")))
    row = tuple(map(Cell, ("a", "2", "1 – 3", "0.5", "0.1 – 0.9")))
    first = as_csv.table_as_csv(Table("", (head,), (row,), ())).decode().splitlines()[0]
    names = next(csv.reader([first]))
    assert names == [
        "Of",
        "odds",
        "odds, 95 % interval, low",
        "odds, 95 % interval, high",
        "share",
        "share, 95 % interval, low",
        "share, 95 % interval, high",
    ]


def test_latex_is_a_booktabs_table_in_which_every_row_has_every_column(table):
    for width, name in ((85, "table"), (174, "table*")):
        text = as_latex.as_latex(
            table, "study-nasty", width, ["Simulated answers.", "The seal is broken."]
        ).decode()
        check_latex(text, columns=4)
        assert f"\\begin{{{name}}}" in text
        assert "\\begin{tabular}{lrrr}" in text
        # TeX itself measures whether it must be shrunk to its column
        assert r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{\begin{tabular}" in text
        assert r"\caption{Scores $\cdot$ simulated answers. The seal is broken.}" in text
        assert r"$-$0.50 & $-$1.20 -- +0.10 & 4.2 $\times$ 10$^{-7}$ \\" in text
        assert r"look 3 & \multicolumn{3}{l}{not reached} \\" in text


def check_latex(text, columns=None):
    """What LaTeX would stumble over: environments that do not close, braces and dollars without a partner, signs it reads, columns."""
    assert text.isascii()
    opened, closed = (re.findall(rf"\\{word}{{([a-z*]+)}}", text) for word in ("begin", "end"))
    assert opened == closed[::-1]
    assert len(opened) == 2
    bare = re.sub(r"\\[\\{}$&#%_]", "", text.split("\n", 1)[1])
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert not re.search(r"[#%~]|(?<!\$)\^", bare.replace("$^{", "$"))
    assert not re.search(r"\\\\\s*[\[*]", text)
    assert [text.count(rf"\{rule}rule") for rule in ("top", "bottom")] == [1, 1]
    wide = len(re.search(r"\\begin{tabular}{([lr]+)}", text)[1])
    assert columns in (None, wide)
    for line in text.splitlines():
        if line.endswith(r" \\"):
            spans = sum(int(span) - 1 for span in re.findall(r"\\multicolumn{(\d+)}", line))
            assert len(re.findall(r"(?<!\\)&", line)) + 1 + spans == wide, line


def test_markdown_shows_every_sign_as_it_stands(table):
    lines = as_markdown.as_markdown(table, ["Simulated answers."]).decode().splitlines()
    assert lines[0] == "Scores · simulated answers"
    assert lines[3] == "| :--- | ---: | ---: | ---: |"
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines[2:]} == {5}
    assert r"a\_1 50 % \& \{x\} \\ \# \$ ^ \~ \| \* \[b\] -- “q” \<i\> 'z' \`y\`" in lines[4]


def test_what_a_caption_says_already_is_not_said_again_and_all_else_is():
    table = Table("Of simulated answers", (), (), ())
    assert table.caption_with(["Simulated answers."]) == "Of simulated answers"
    assert table.caption_with(["Broken."]) == "Of simulated answers. Broken."


@pytest.mark.parametrize("width", [85, 174])
def test_an_svg_stands_alone_at_its_width_with_lengths_that_are_right(width):
    drawing = drawing_of(a_chart(), width, ["Simulated answers."])
    root = ET.fromstring(as_svg(drawing))
    assert root.get("width") == f"{width}mm"
    view = [float(part) for part in root.get("viewBox").split()]
    assert float(root.get("height")[:-2]) / width == pytest.approx(view[3] / view[2], abs=1e-3)
    within = view[2] - 12
    track, bar = (rect for rect in root.findall(f"{SVG}rect")[1:3])
    assert float(track.get("width")) == pytest.approx(within, abs=0.01)
    assert float(bar.get("width")) == pytest.approx(within / 2, abs=0.01)
    low = next(line for line in root.findall(f"{SVG}line") if line.get("stroke-width") == "2")
    assert float(low.get("x1")) == pytest.approx(6 + within / 4, abs=0.01)
    text = as_svg(drawing).decode()
    assert "class=" not in text
    assert "%" not in re.sub(r">[^<]*<", "><", text)
    words = ["".join(one.itertext()) for one in root.findall(f"{SVG}text")]
    assert {"grad-cam", "5.00 50.0 %", "a < b & c", "Simulated answers."} <= set(words)
    # 15 units are 8 points of 0.3528 mm
    assert 15 * width / view[2] == pytest.approx(8 * 0.3528, abs=0.01)


def test_a_png_is_of_the_same_size_at_300_dpi_and_shows_the_same():
    drawing = drawing_of(a_chart(), 85)
    picture = Image.open(io.BytesIO(as_png(drawing)))
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert picture.width == round(85 / 25.4 * 300)
    assert picture.text["Title"] == "Score of each arm"
    scale = picture.width / drawing.width
    row, edge = (6 + 6 + 26 + 2) * scale, 6 + (drawing.width - 12) / 2
    assert picture.getpixel((round((edge - 6) * scale), round(row))) == ImageColor.getrgb(
        PAINTS["bar-1"].fill
    )
    assert picture.getpixel((round((edge + 6) * scale), round(row))) == ImageColor.getrgb(
        PAINTS["track"].fill
    )


def lightness(colour):
    """CIE L* of an sRGB colour."""
    linear = [
        (c / 255) / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4
        for c in ImageColor.getrgb(colour)
    ]
    y = sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def test_arms_are_told_apart_in_grey_print():
    grey = sorted(lightness(PAINTS[f"bar-{name}"].fill) for name in (1, 2, 3, 4, 5, "same"))
    assert min(high - low for low, high in itertools.pairwise(grey)) >= 10, grey
    assert all(PAINTS[f"bar-{name}"].stroke for name in (1, 2, 3, 4, 5, "same", "plain"))


def test_a_part_that_has_no_form_on_paper_is_named_and_not_left_out():
    for wrong, said in (
        (mark_safe("<path d=''/>"), "<path>"),
        (mark_safe('<rect class="odd"/>'), "“odd”"),
    ):
        with pytest.raises(ValueError, match=said):
            drawing_of(str(svg.chart("A", "B", 10, [wrong])), 85)


def test_a_chart_carries_its_data_only_where_they_are_asked_for():
    assert "<metadata>" not in a_chart()
    with svg.with_data():
        data = drawing_of(a_chart(), 85).data
    assert "<metadata>" not in a_chart()
    text = as_csv.data_as_csv(data).decode().splitlines()
    assert text == ["name,figure,second", "grad-cam,5.00,50.0 %", "a < b & c,-1.00,10.0 %"]


def test_names_are_unique_and_each_menu_stands_after_its_own():
    page = f'<div class="scroll">{HTML}</div>{a_chart()}{HTML}<p>end</p>'
    assert [one.name for one in shown_on(page)] == ["table-nasty", "chart-score-of-each-arm", "table-nasty-2"]
    html = with_menus(page, {"who": "real", "class": 'a"b&c'})
    assert re.findall(r'href="take/([^"]*)\.csv\?([^"]*)"', html) == [
        (name, "who=real&amp;class=a%22b%26c")
        for name in ("table-nasty", "chart-score-of-each-arm", "table-nasty-2")
    ]
    assert '</table></div><details class="take">' in html
    assert '</svg><details class="take">' in html
    assert html.endswith("</details><p>end</p>")
