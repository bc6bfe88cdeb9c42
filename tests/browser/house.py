"""Something behind every page, and the way to each of them, in every state that a page can be in while nobody touches it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page

from futurisys.accounts import roles
from predictions import actions
from predictions.models import Prediction, Source
from registry.models import ModelVersion, RegisteredModel
from tests.browser import annex, watching
from tests.predictions.employees import DEPARTMENTS, PERSON, dataset
from tests.test_access import World, every_route
from tests.worlds import IRIS, member

# Routes that have no page: they answer programs, or only send somewhere else.
NO_PAGE = [
    *[
        "api-*",
        "seed-*",
        "v2*",
        "metrics",
        "health*",
        "registry-file",
        "logout",
        "set_language",
        "try",
        "registry-sync",
        "monitoring-demo",
        "comparison-cancel",
    ],
    *[
        "records-ask",
        "record-decide",
        "record-estimate",
        "admin-login",
        "admin-logout",
        "admin:log*",
        "admin:",
        "admin:jsi18n",
        "admin:autocomplete",
    ],
    *["admin:view_on_site", "record-decide", "record-estimate"],
]
ALIKE = ["admin:*_history"]  # one of them is visited
# Drawn by Swagger UI and ReDoc, whose insides break rules; in English alone. tests/browser/test_docs_page.py looks at them.
VENDORED = ["docs", "redoc"]
PARTS = ["batch-progress", "comparison-progress"]  # of a page that is visited
OWN = ["records-import-check", "record", "answers", "batch-columns", "batch-check"]  # nobody comes to those of others
NOBODY = "nobody"
WITHOUT_LOGIN = ["login", "password-reset*"]
SEND = "main form:not([action]) button.button"
LOG_IN = ".login__form button.button"
Fields = Mapping[str, str | Path]


@dataclass(frozen=True)
class Visit:
    """A page as `who` comes to it. With `sends`, the page that comes of pressing that button, after filling in `fields`."""

    who: str
    path: str
    sends: str = ""
    fields: Fields = field(default_factory=dict)

    def pay(self, page: Page) -> None:
        """Come to the page."""
        page.goto(self.path)
        for place, value in self.fields.items():
            found = page.locator(place).first
            if isinstance(value, Path):
                found.set_input_files(value)
            elif value:
                found.fill(value)
            else:
                found.check()
        if self.sends:
            with page.expect_navigation():
                page.locator(self.sends).last.click()


class House:
    """The world that the table of rights needs, and beside it employees, digits and a person of each role."""

    def __init__(self, world: World, promoted: Callable[..., ModelVersion], picture: Path) -> None:
        self.world, self.picture = world, picture
        self.people = {role: member(f"{role.split()[0]}-person", role) for role in roles.ROLES}
        self.people |= {"staff": self._staff(world.user), "roleless": User.objects.create_user("roleless")}
        self.business = self.people[roles.BUSINESS_USER]
        version = promoted("attrition")
        rows = [{"key": f"E-{number}", "departement": DEPARTMENTS[number % 3]} for number in range(1, 13)]
        self.employees = dataset(version, self.business, rows)
        self.empty = dataset(version, self.business, [], name="empty")
        self.person = self.employees.record_set.earliest("pk")
        promoted("digits")
        RegisteredModel.objects.filter(name="attrition").update(is_high_risk=True)
        self.answers = self._answers()
        self.people |= {annex.ESTIMATOR: member(annex.ESTIMATOR, roles.DECISION_MAKER)}
        told = (self.answers[name] for name in ("employee", "list", "flower"))
        self.story = annex.Story(*told, decider=self.people[roles.DECISION_MAKER])
        self.files = annex.files(self.business, world.iris)
        boss = self.people[roles.ADMINISTRATOR]
        self.compared = watching.busy(version, promoted("attrition"), boss)

    @staticmethod
    def _staff(user: User | None) -> User:
        assert user is not None
        return user

    def _answers(self) -> dict[str, Prediction]:
        """The business user's: about one employee, about a list of them, about nobody, about a picture."""
        about = {name: [value] for name, value in PERSON.items()}
        many = list(self.employees.record_set.order_by("pk"))
        columns = {name: [record.data[name] for record in many] for name in PERSON}
        one: dict[str, Any] = {"source": Source.FORM, "by": self.business, "rows": 1, "explain": True}
        flower = {name: [value] for name, value in IRIS.items()} | {"petal_width": [9]}
        asked = {
            "employee": actions.predict(model="attrition", columns=about, records=[self.person.pk], **one),
            "unlikely": actions.predict(model="attrition", columns=about | {"age": [75]}, confirmed=True, **one),
            "flower": actions.predict(model="iris", columns=flower, confirmed=True, **one),
            "list": actions.predict(
                model="attrition",
                columns=columns,
                rows=len(many),
                records=[record.pk for record in many],
                source=Source.RECORDS,
                by=self.business,
            ),
        }
        browser = Client()
        browser.force_login(self.business)
        with self.picture.open("rb") as file:
            browser.post("/predict/digits/", {"image": file, "idempotency_key": "a-digit"})
        digit = Prediction.objects.get(version__model__name="digits")
        return {name: answer.predictions[0] for name, answer in asked.items()} | {"digit": digit}

    def of_routes(self) -> Iterator[Visit]:
        """Every route that shows a page, as an administrator comes to it. A new route fails until it has a place here."""
        for route in every_route():
            path = self.world.path(route, "own" if route in OWN else "")
            if route == "batch-cancel":  # that of the world is over
                path = f"/batches/{self.world.waiting['own'].pk}/cancel"
            who = NOBODY if any(fnmatchcase(route, name) for name in WITHOUT_LOGIN) else "staff"
            client = Client(raise_request_exception=False)
            if who == "staff":
                client.force_login(self.people[who])
            response = client.get(path)
            is_html = response["Content-Type"].startswith("text/html")
            is_page, is_file = (response.status_code == 200 and is_html == wanted for wanted in (True, False))
            is_closed = route.startswith("admin:") and response.status_code == 403
            has_none = any(fnmatchcase(route, name) for name in NO_PAGE)
            assert is_page != (is_file or is_closed or has_none), f"{route}: {path} answers {response.status_code}"
            if is_page and not any(fnmatchcase(route, name) for name in [*ALIKE, *PARTS, *VENDORED]):
                yield Visit(who, path)
        yield Visit("staff", f"/admin/auth/user/{self.business.pk}/history/")

    def of_states(self) -> Iterator[Visit]:
        """What the same routes show to others, and at other moments."""
        business = roles.BUSINESS_USER
        yield from (Visit(role, "/") for role in self.people if role != "staff")
        yield from (Visit(business, path) for path in self._paths())
        yield from (Visit(business, f"/history/{answer.pk}/") for answer in self.answers.values())
        yield Visit("roleless", "/predict/")
        yield Visit("roleless", "/records/")
        yield Visit(roles.AUDITOR, f"/history/{self.answers['employee'].pk}/")
        yield from self._sent(business)
        yield from self._afterwards()
        yield from self._refused(business)

    def _afterwards(self) -> Iterator[Visit]:
        yield from (Visit(*way) for way in annex.of_files(self.files))
        yield from (Visit(*way) for way in annex.of_decisions(self.story))
        yield from (Visit(*way) for way in annex.of_outcomes(self.story))
        yield from (Visit(*way) for way in watching.ways(self.compared))
        yield from (Visit(*way) for way in annex.of_history(self.story, self.answers["digit"], self.files["done"]))

    def _paths(self) -> Iterator[str]:
        set_, answer = "/records/employees/", self.answers["employee"].pk
        yield from ["/history/", "/account/tokens/", "/predict/", "/predict/iris/?example=1", "/predict/digits/"]
        yield from [f"/predict/attrition/?record={self.person.pk}", f"/predict/attrition/?from={answer}"]
        yield f"/predict/attrition/?changes={answer}.0"
        yield from ["/records/", set_, f"{set_}{self.person.pk}/", "/records/empty/"]
        yield from [f"{set_}?q=nobody", f"{set_}?is.departement=Consulting&sort=poste", f"{set_}?from.x=y"]
        yield from [f"/answers/{self.answers['list'].pk}/", f"/answers/{self.answers['list'].pk}/?order=record"]
        yield from ["/nothing/", "/history/00000000-0000-7000-8000-000000000000/"]

    def _sent(self, who: str) -> Iterator[Visit]:
        """Pages that come of sending a form."""
        table = "/records/employees/"
        first, second = (f"[name=record][value='{self.person.pk + number}']" for number in (0, 1))
        yield Visit(who, table, ".askbar button", {first: "", second: ""})
        yield Visit(who, "/account/tokens/", SEND, {"[name=name]": "A program"})
        yield Visit(who, "/predict/iris/?example=1", ".send button", {"[name=x-petal_width]": "9"})

    def _refused(self, who: str) -> Iterator[Visit]:
        """What forms say to what they do not take."""
        yield Visit(who, "/predict/iris/", ".send button", {"[name=x-petal_width]": "wide"})
        yield Visit(who, "/predict/digits/", ".send button")
        yield Visit(who, "/records/import/", SEND)
        yield Visit(who, "/records/import/", SEND, {"[type=file]": self.picture})
        yield Visit(who, "/account/password", SEND)
        yield Visit(who, "/account/tokens/", SEND)
        yield Visit(NOBODY, "/login/reset", SEND)
        yield Visit(NOBODY, "/login", LOG_IN)
        for _attempt in range(5):
            Client().post("/login", {"username": "x", "password": "y"})
        yield Visit(NOBODY, "/login", LOG_IN, {"[name=username]": "x", "[name=password]": "y"})
