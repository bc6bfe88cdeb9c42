"""What the hook makes of a page: links out of docs/, and lists as code hosts read them."""

import pytest

from scripts.docs.hook import for_site


@pytest.mark.parametrize(
    ("link", "page", "source", "becomes"),
    [
        ("[it](../README.md)", "api.md", "docs/api.md", "[it](project/overview.md)"),
        ("[it](../../README.md#speed)", "adr/1.md", "docs/adr/1.md", "[it](../project/overview.md#speed)"),
        ("[it](docs/api.md#asking)", "project/overview.md", "README.md", "[it](../api.md#asking)"),
        ("![it](docs/pictures/a.png)", "project/overview.md", "README.md", "![it](../pictures/a.png)"),
        ("[examples/](examples/README.md)", "project/overview.md", "README.md", "[examples/](examples.md)"),
        ("[its code](../registry/facts.py)", "api.md", "docs/api.md", "its code (`registry/facts.py`)"),
        ("[`facts.py`](../registry/facts.py)", "api.md", "docs/api.md", "`registry/facts.py`"),
        ("[it](nothing.md)", "api.md", "docs/api.md", "[it](nothing.md)"),
        ("[it](../nothing.txt)", "api.md", "docs/api.md", "[it](../nothing.txt)"),
        ("[it](https://a.example/b.md)", "api.md", "docs/api.md", "[it](https://a.example/b.md)"),
        ("[it](#asking)", "api.md", "docs/api.md", "[it](#asking)"),
    ],
)
def test_a_link_leads_where_it_did(link: str, page: str, source: str, becomes: str) -> None:
    assert for_site(f"See {link}.\n", page, source) == f"See {becomes}.\n"


def test_code_stays_as_it_is() -> None:
    text = "```markdown\nSee\n- [it](../README.md)\n```\n"
    assert for_site(text, "api.md", "docs/api.md") == text


def test_a_list_below_a_line_is_a_list() -> None:
    assert for_site("Monitoring\n- a\n  more\n- b\n\nEnd\n1. c\n", "a.md", "docs/a.md") == (
        "Monitoring\n\n- a\n  more\n- b\n\nEnd\n\n1. c\n"
    )
