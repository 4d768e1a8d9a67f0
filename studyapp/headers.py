"""What every answer forbids the browser, beside its content security policy."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

# Nothing here films, listens, or needs to know where it is. (The screen may be kept awake while somebody looks.)
FORBIDDEN = (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid", "magnetometer",
    "microphone", "midi", "payment", "serial", "usb",
)  # fmt: skip
HEADERS = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in FORBIDDEN),
    "Cross-Origin-Resource-Policy": "same-origin",  # no other site embeds a picture, and measures what it is
}


def security_headers(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: the same headers on all, so that they tell nothing."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return answer
