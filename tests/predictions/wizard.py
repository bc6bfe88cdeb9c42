"""Files of flowers for the tests of the wizard, and what a browser sends on its way."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

NEW = "/batches/new/"
FLOWERS = "id,sepal length,sepal width,petal length,petal width,colour\n"
GOOD = "{},5.1,3.5,1.4,0.2,blue\n"


def sent(person: Client, content: str | bytes = "", name: str = "flowers.csv", **fields: str) -> HttpResponse:
    """A file is sent for the iris model."""
    data = content.encode() if isinstance(content, str) else content
    return person.post(NEW, {"file": SimpleUploadedFile(name, data), "model": "iris"} | fields)


def flower_file(*rows: str, good: int = 3) -> str:
    """A file of `good` rows, and these rows after them."""
    return FLOWERS + "".join(GOOD.format(number) for number in range(good)) + "".join(f"{row}\n" for row in rows)


def posted(page: HttpResponse, **changes: str) -> dict[str, str]:
    """What the browser sends when nothing is changed, and what is."""
    form = page.context["page"].form
    return {"headings": form.digest} | {bound.html_name: bound.value() or "" for bound in form} | changes
