"""What is left out of the page's files, and what must stay as it was written."""

from __future__ import annotations

import pytest

from streamkit.panel.squeeze import squeeze


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("// a word\nconst a = 1;   // another\n", "const a=1;\n"),
        ("/** of a function */\nf( 1, 2 );\n", "f(1,2);\n"),
        ("say(\"a  ,  b // c\", ' { d } ');\n", "say(\"a  ,  b // c\",' { d } ');\n"),
        ('const t = `a ${ b ? `c ; ${d}` : "}" } // e`;\n', 'const t=`a ${ b ? `c ; ${d}` : "}" } // e`;\n'),
        (r"x.replace( /[/\]] , \/ /g, 1 );" + "\n", r"x.replace(/[/\]] , \/ /g,1);" + "\n"),
        ("const half = a / 2; // b / 3\n", "const half=a / 2;\n"),
        ("a + +b - -c;\n", "a+ +b- -c;\n"),
        ("if (a) {\n  b();\n}\nc()\n", "if(a){b()}\nc()\n"),
        ("const f = (one) => [one, 2,\n];\n", "const f=one=>[one,2];\n"),
        ("const f = async (one) => one;\n", "const f=async(one)=>one;\n"),
        ("return [1, 2];\ntypeof x;\n", "return[1,2];typeof x;\n"),
    ],
)
def test_a_script_keeps_its_texts_and_its_meaning(written: str, sent: str) -> None:
    assert squeeze("js", written) == sent


def test_a_style_sheet_keeps_its_selectors() -> None:
    written = '/* of\nall */\n.a :is(b, .c)  > d::before {\n  margin: calc(1px - 2px) 0;\n  content: "x";\n}\n@media (width: 1px) { a:hover { top: 0; } }\n'
    assert squeeze("css", written) == (
        '.a :is(b,.c)  > d::before{margin:calc(1px - 2px) 0;content:"x"}@media (width:1px){a:hover{top:0}}\n'
    )


def test_a_page_loses_its_indentation_alone() -> None:
    assert (
        squeeze("html", '<p>\n  <b class="a">x</b>\n\n  y <i>z</i>\n</p>\n')
        == '<p><b class="a">x</b>\ny <i>z</i></p>\n'
    )
    assert squeeze("svg", "<svg >\n  </svg>") == "<svg >\n  </svg>"
