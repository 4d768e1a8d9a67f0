"""Files of a study on their way to somebody, from a page or by the API."""

from typing import TypeVar

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils.text import slugify

from studyapp.models import Study
from studyapp.services.data_files import DATA_FILES

Response = TypeVar("Response", HttpResponse, StreamingHttpResponse)


def sent(study: Study, name: str, *, include_simulated: bool) -> StreamingHttpResponse:
    """One of `DATA_FILES`, as it is written.

    Raises:
        Http404: There is no such file; names those there are.
    """
    file = DATA_FILES.get(name)
    if file is None:
        raise Http404(f"There is no file {name!r}; there are {', '.join(DATA_FILES)}.")
    pieces = file.pieces(study, include_simulated=include_simulated)
    response = StreamingHttpResponse(pieces, content_type=file.content_type)
    return as_download(response, study, f"{'with-simulated-' if include_simulated else ''}{name}")


def as_download(response: Response, study: Study, name: str) -> Response:
    """The answer as a file, named after its study."""
    response["Content-Disposition"] = f'attachment; filename="{slugify(study.name) or "study"}-{name}"'
    return response
