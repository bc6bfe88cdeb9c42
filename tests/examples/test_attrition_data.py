"""The three extracts are joined by a key that is written three ways; an odd one is named."""

import pytest

from examples.attrition import data, synthetic
from examples.attrition.features import CATEGORIES, NAMES, NUMBERS

SIRH = """id_employee,age,genre,revenu_mensuel,statut_marital,departement,poste,\
nombre_experiences_precedentes,nombre_heures_travailless,annee_experience_totale,\
annees_dans_l_entreprise,annees_dans_le_poste_actuel
7,41,F,5993,Célibataire,Commercial,Cadre Commercial,8,80,8,6,4
12,49,M,5130,Marié(e),Consulting,Consultant,1,80,10,10,7
"""
EVAL = """satisfaction_employee_environnement,note_evaluation_precedente,niveau_hierarchique_poste,\
satisfaction_employee_nature_travail,satisfaction_employee_equipe,satisfaction_employee_equilibre_pro_perso,\
eval_number,note_evaluation_actuelle,heure_supplementaires,augementation_salaire_precedente
3,2,2,2,4,3,E_12,4,Non,23 %
2,3,2,4,1,1,E_7,3,Oui,11\u202f%
"""
SONDAGE = """a_quitte_l_entreprise,nombre_participation_pee,nb_formations_suivies,\
nombre_employee_sous_responsabilite,code_sondage,distance_domicile_travail,niveau_education,domaine_etude,\
ayant_enfants,frequence_deplacement,annees_depuis_la_derniere_promotion,annes_sous_responsable_actuel
Non,1,3,1,000012,8,1,Infra & Cloud,Y,Frequent,1,7
Oui,0,0,1,00000007,1,2,Autre,Y,Occasionnel,0,5
"""


@pytest.fixture
def write(tmp_path):
    def write(sirh=SIRH, evaluation=EVAL, sondage=SONDAGE):
        texts = {"extrait_sirh.csv": sirh, "extrait_eval.csv": evaluation, "extrait_sondage.csv": sondage}
        for name, text in texts.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_the_same_person_is_found_in_all_three(write):
    joined = data.read(write())
    assert list(joined.columns) == ["id_employee", *NAMES, "outcome"]
    seven, twelve = joined.to_dict("records")
    assert (seven["id_employee"], seven["outcome"], twelve["outcome"]) == (7, "leaves", "stays")
    assert (seven["augementation_salaire_precedente"], twelve["augementation_salaire_precedente"]) == (11, 23)
    assert (seven["domaine_etude"], seven["heure_supplementaires"]) == ("Autre", "Oui")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"evaluation": EVAL.replace("E_12", "E_13")}, "extrait_eval.csv is not about the same people"),
        ({"evaluation": EVAL.replace("E_12", "12")}, "'12' in eval_number is not the number"),
        ({"sondage": SONDAGE.replace("000012", "007")}, "employee 7 appears twice"),
        ({"sondage": SONDAGE.replace("Non,", "?,")}, "must be Oui or Non"),
        ({"sirh": SIRH.replace(",41,", ",quarante,")}, "The column age holds something that is no whole number"),
        ({"sirh": SIRH.replace("Consultant", "Clown")}, "The column poste holds 'Clown'"),
        ({"sirh": SIRH.replace("genre", "sexe")}, "The extracts have no column genre"),
        ({"evaluation": EVAL.replace("eval_number", "number")}, "extrait_eval.csv has no column eval_number"),
    ],
)
def test_an_odd_extract_is_named(write, change, words):
    with pytest.raises(data.DataError, match=words.replace("?", r"\?")):
        data.read(write(**change))


def test_the_synthetic_company_has_the_same_columns_and_values():
    people = synthetic.generate(rows=400, seed=3)
    assert list(people.columns) == ["id_employee", *NAMES, "outcome"]
    assert all(set(people[name]) <= set(values) for name, values in CATEGORIES.items())
    assert all(people[name].dtype == "int64" for name in NUMBERS)
    assert 0.1 < (people["outcome"] == "leaves").mean() < 0.25
    assert people.equals(synthetic.generate(rows=400, seed=3))


def test_in_the_synthetic_company_time_adds_up():
    people = synthetic.generate(rows=1500, seed=0)
    assert (people["annees_dans_le_poste_actuel"] <= people["annees_dans_l_entreprise"]).all()
    assert (people["annees_dans_l_entreprise"] <= people["annee_experience_totale"]).all()
    assert (people["annee_experience_totale"] <= people["age"] - 18).all()
