"""Parts of a report's page."""

import pytest

from studyapp.templatetags.report_parts import urlize_dois


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("Biometrika 39. doi:10.2307/2334029", "10.2307/2334029"),
        ("(Davidson 1970, doi:10.2307/2283595).", "10.2307/2283595"),
        ("1, 3. doi:10.1016/0022-2496(69)90027-3", "10.1016/0022-2496(69)90027-3"),
    ],
)
def test_a_doi_is_linked_whole(text: str, doi: str) -> None:
    assert f'<a href="https://doi.org/{doi}">doi:{doi}</a>' in urlize_dois(text)


def test_nothing_else_is_markup() -> None:
    assert (
        urlize_dois("<b> & doi:10.1/<i>")
        == '&lt;b&gt; &amp; <a href="https://doi.org/10.1/&lt;i&gt;">doi:10.1/&lt;i&gt;</a>'
    )
