"""How an uploaded file is read: what its address says, and a guess for what it does not say."""

from functools import cached_property
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

from predictions import masking, model_cards
from predictions.imports import column_kinds, csv_files, verbs, wording
from predictions.imports.csv_files import Dialect, FileRefused, Problem, Sheet
from predictions.imports.verbs import LONGEST_TITLE, Prepared
from predictions.models import Dataset, Upload
from registry.models import RegisteredModel
from registry.signature import Signature

FEWEST_COLUMNS = 2  # that a model knows, before it is proposed for a file that lacks others


class Reading:
    """A file and the choices made for it, looked up when they are needed: an import needs no guess."""

    def __init__(self, upload: Upload, query: Any, *, is_final: bool = False) -> None:
        """`query`: names and texts, as of an address; what it says wrongly is guessed as well, unless it is final."""
        self.upload, self._query, self._is_final = upload, query, is_final
        self.content = bytes(upload.content)
        self.problems: tuple[Problem, ...] = ()

    @cached_property
    def dialect(self) -> Dialect:
        """As the address says, and for the rest as it seems."""
        return csv_files.chosen(self._query, self.content)

    @cached_property
    def file(self) -> Sheet | None:
        """The texts of the file; None when it cannot be read, and `problems` say why."""
        try:
            return csv_files.read(self.content, self.dialect)
        except FileRefused as refused:
            self.problems = refused.problems
            return None

    @cached_property
    def sheet(self) -> Sheet | None:
        """The same under the names that the model uses; None when two columns mean one field, too."""
        key = self.dataset.key_column if self.dataset else self._query.get("key", "")
        try:
            return wording.renamed(self.file, self.signature, key) if self.file else None
        except FileRefused as refused:
            self.problems = refused.problems
            return None

    @cached_property
    def dataset(self) -> Dataset | None:
        """The set that the records go to; None for a new one."""
        name = self._query.get("set", "")
        return Dataset.objects.select_related("model").filter(name=name).first() if name else None

    @cached_property
    def title(self) -> str:
        """The title of the set."""
        if self.dataset:
            return self.dataset.title
        said = "".join(filter(str.isprintable, self._query.get("title", ""))).strip()
        return (said or PurePath(self.upload.name).stem or self.upload.name)[:LONGEST_TITLE]

    @cached_property
    def namesake(self) -> Dataset | None:
        """A set that is called like the new one already; not the one that the same page made a moment ago."""
        found = None if self.dataset else verbs.set_called(self.title)
        return found if found and found.name != self._query.get("name") else None

    @cached_property
    def key(self) -> str:
        """The column that tells records apart; "" when none was chosen and none can be guessed."""
        if self.dataset:
            return self.dataset.key_column
        said: str = self._query.get("key", "")
        if said and (self._is_final or self.sheet is None or said in self.sheet.names):
            return said
        return column_kinds.guess_key(self.sheet, self.signature) if self.sheet else ""

    @cached_property
    def candidates(self) -> dict[str, tuple[str, Signature]]:
        """Models in service that take columns: name -> title and signature."""
        found = {}
        titles = {card.name: card.title for card in model_cards.model_cards()}
        for model in RegisteredModel.objects.filter(name__in=titles).order_by("name"):
            signature = masking.signature_of(Dataset(model=model))
            if signature and signature.image is None:
                found[model.name] = (titles[model.name], signature)
        return found

    @cached_property
    def model(self) -> RegisteredModel | None:
        """The model that will be asked about the records first."""
        if self.dataset:
            return self.dataset.model
        name = self._query.get("model")
        if name is None:
            name = self._fitting()
        return RegisteredModel.objects.filter(name=name).first() if name in self.candidates else None

    def _fitting(self) -> str:
        """The model that finds all it needs in the file, or else most of it; then the one that uses most columns."""
        fits = {name: self._fit(signature) for name, (_title, signature) in self.candidates.items()}
        # One column of many may have its name by chance.
        known = {name: fit for name, fit in fits.items() if fit[0] or fit[1] >= FEWEST_COLUMNS}
        return max(known, key=lambda name: known[name], default="")

    def _fit(self, signature: Signature) -> tuple[bool, int, int]:
        """Whether the file has every column that this model needs, how many of those, and how many that it uses."""
        names = set(wording.names_of(self.file.headings, signature)) if self.file else set()
        needed = [feature.name in names for feature in signature.features if not feature.nullable]
        return all(needed), sum(needed), sum(feature.name in names for feature in signature.features)

    @cached_property
    def signature(self) -> Signature | None:
        """What the model says of the columns."""
        return masking.signature_of(Dataset(model=self.model))

    @cached_property
    def prepared(self) -> Prepared | None:
        """The records; None when they cannot be imported like this, and `problems` say why."""
        if self.sheet is None:
            return None
        if self.namesake:
            self.problems = (Problem(verbs.called_already(self.namesake)),)
            return None
        try:
            found = column_kinds.keys(self.sheet, self.key)
            columns = column_kinds.typed(self.sheet, self.dialect, self.key, self.signature)
        except FileRefused as refused:
            self.problems = refused.problems
            return None
        return Prepared(self.sheet, columns, found)

    def chosen(self) -> dict[str, str]:
        """Everything that was chosen or guessed, as texts."""
        return {
            "set": self.dataset.name if self.dataset else "",
            "name": "" if self.dataset else self.name,
            "title": self.title,
            "key": self.key,
            "model": self.model.name if self.model else "",
            "delimiter": self.dialect.delimiter,
            "decimal": self.dialect.decimal,
            "encoding": self.dialect.encoding,
            "header": "yes" if self.dialect.header else "no",
        }

    def query(self) -> str:
        """The same as the end of an address."""
        return urlencode(self.chosen())

    @cached_property
    def name(self) -> str:
        """The name of the set. That of a new one is kept in the address, so that a second click makes no second set."""
        if self.dataset:
            return self.dataset.name
        return self._query.get("name") or verbs.free_name(self.title)
