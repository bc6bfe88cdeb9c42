"""A small set of records of the attrition model, with every kind of column, for the tests of the records' pages."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User

from predictions import actions
from predictions.actions import Answer
from predictions.imports.wording import folded
from predictions.listing import columns
from predictions.models import Dataset, Record, Source
from registry.models import ModelVersion

PERSON = {
    "age": 41,
    "genre": "F",
    "statut_marital": "Célibataire",
    "distance_domicile_travail": 1,
    "niveau_education": 2,
    "domaine_etude": "Infra & Cloud",
    "departement": "Consulting",
    "poste": "Consultant",
    "niveau_hierarchique_poste": 2,
    "heure_supplementaires": "Oui",
    "frequence_deplacement": "Occasionnel",
    "nb_formations_suivies": 0,
    "revenu_mensuel": 5993,
    "augementation_salaire_precedente": 11,
    "nombre_participation_pee": 0,
    "nombre_experiences_precedentes": 8,
    "annee_experience_totale": 8,
    "annees_dans_l_entreprise": 6,
    "annees_dans_le_poste_actuel": 4,
    "annees_depuis_la_derniere_promotion": 0,
    "annes_sous_responsable_actuel": 5,
    "satisfaction_employee_environnement": 2,
    "satisfaction_employee_nature_travail": 4,
    "satisfaction_employee_equipe": 1,
    "satisfaction_employee_equilibre_pro_perso": 1,
    "note_evaluation_precedente": 3,
    "note_evaluation_actuelle": 3,
}
EXTRA = [{"name": "name", "kind": "text"}, {"name": "remote", "kind": "boolean"}]
DEPARTMENTS = ["Commercial", "Consulting", "Ressources Humaines"]


def dataset(version: ModelVersion, by: User, rows: Sequence[dict[str, Any]], name: str = "employees") -> Dataset:
    """A set of as many people; each row says what differs from PERSON, and `key`."""
    features = {feature.name: feature for feature in version.parsed_signature().features}
    described: list[dict[str, Any]] = [{"name": "id_employee", "kind": "text"}, *EXTRA]
    for column in PERSON:
        values = [str(value) for value in features[column].values]
        described.append(
            {"name": column, "kind": "category", "values": values}
            if values
            else {"name": column, "kind": "integer", "low": 0, "high": 60}
        )
    made = Dataset.objects.create(
        name=name,
        title="Employees",
        model=version.model,
        key_column="id_employee",
        columns=described,
        size=len(rows),
        updated_by=by,
    )
    Record.objects.bulk_create(_record(made, number, row) for number, row in enumerate(rows, 1))
    columns.rebuild(made)
    return made


def _record(made: Dataset, number: int, row: dict[str, Any]) -> Record:
    data = PERSON | {"name": f"Person {number}", "remote": number % 2 == 0} | row
    key = str(data.pop("key", number))
    return Record(dataset=made, key=key, data=data | {"id_employee": key}, search=folded(f"{key} {data['name'] or ''}"))


def ask_about(record: Record, by: User, **changes: Any) -> Answer:
    """An answer of the attrition model about a record."""
    asked = {name: [record.data[name]] for name in PERSON} | {name: [value] for name, value in changes.items()}
    return actions.predict(model="attrition", columns=asked, rows=1, source=Source.RECORDS, by=by, records=[record.pk])
