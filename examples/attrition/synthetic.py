"""A synthetic company with the columns of the real extracts, so that the example runs anywhere.

Nobody in it exists, and no real row was used: the numbers below were chosen by hand. What depends on what:

- age gives total experience; part of it was spent here; part of that in the job and under the manager
- the department gives the job, the job and the experience give the level, the level gives the income
- leaving becomes likelier with overtime, frequent travel, long ways, low pay for the level, low satisfaction,
  being single, many employers before; and less likely with age, tenure and savings plan. One in six leaves.

Good for trying the software. It says nothing about people.
"""

import numpy as np
import pandas as pd

from examples.attrition.features import KEY, NAMES, OUTCOME

JOBS = {
    "Commercial": {"Cadre Commercial": 0.72, "Représentant Commercial": 0.19, "Manager": 0.09},
    "Consulting": {
        "Consultant": 0.29,
        "Assistant de Direction": 0.27,
        "Tech Lead": 0.16,
        "Senior Manager": 0.11,
        "Manager": 0.09,
        "Directeur Technique": 0.08,
    },
    "Ressources Humaines": {"Ressources Humaines": 0.85, "Manager": 0.15},
}
STUDIES = {
    "Commercial": {"Marketing": 0.36, "Infra & Cloud": 0.33, "Transformation Digitale": 0.2, "Autre": 0.11},
    "Consulting": {
        "Infra & Cloud": 0.46,
        "Transformation Digitale": 0.37,
        "Entrepreunariat": 0.1,
        "Autre": 0.07,
    },
    "Ressources Humaines": {
        "Ressources Humaines": 0.45,
        "Infra & Cloud": 0.3,
        "Transformation Digitale": 0.25,
    },
}
LIFTED = {"Manager": 2.0, "Directeur Technique": 2.0, "Senior Manager": 1.0, "Cadre Commercial": 0.5}


def generate(*, rows=1500, seed=0):
    """Frame with id_employee, the 27 inputs and the outcome ("stays" or "leaves"), like data.read."""
    random = np.random.default_rng(seed)
    people = pd.DataFrame(_person(random, rows) | _reviews(random, rows))
    people = people.assign(**_career(random, people["age"].to_numpy()))
    people = people.assign(**_job(random, people))
    people[OUTCOME] = outcome(random, people)
    people[KEY] = np.arange(1, rows + 1)
    return people[[KEY, *NAMES, OUTCOME]]


def _pick(random, rows, shares):
    return random.choice(list(shares), rows, p=list(shares.values()))


def _whole(values, low, high):
    return np.clip(np.rint(values), low, high).astype("int64")


def _person(random, rows):
    return {
        "age": _whole(18 + random.gamma(5.5, 3.4, rows), 18, 60),
        "genre": _pick(random, rows, {"M": 0.6, "F": 0.4}),
        "statut_marital": _pick(random, rows, {"Marié(e)": 0.46, "Célibataire": 0.32, "Divorcé(e)": 0.22}),
        "distance_domicile_travail": _whole(random.gamma(1.2, 7.5, rows), 1, 29),
        "niveau_education": random.choice(np.arange(1, 6), rows, p=[0.12, 0.19, 0.39, 0.27, 0.03]),
    }


def _reviews(random, rows):
    def score(*shares):
        return random.choice(np.arange(1, 5), rows, p=shares)

    current = score(0, 0, 0.85, 0.15)
    return {
        "satisfaction_employee_environnement": score(0.19, 0.2, 0.31, 0.3),
        "satisfaction_employee_nature_travail": score(0.2, 0.19, 0.3, 0.31),
        "satisfaction_employee_equipe": score(0.19, 0.21, 0.31, 0.29),
        "satisfaction_employee_equilibre_pro_perso": score(0.05, 0.24, 0.61, 0.1),
        "note_evaluation_precedente": score(0.06, 0.25, 0.59, 0.1),
        "note_evaluation_actuelle": current,
        # an outstanding review is followed by a raise of 20 % and more
        "augementation_salaire_precedente": _whole(np.where(current == 4, 20, 11) + random.gamma(2, 1.6, rows), 11, 25),
        "nb_formations_suivies": random.choice(np.arange(7), rows, p=[0.04, 0.05, 0.37, 0.33, 0.08, 0.08, 0.05]),
        "nombre_participation_pee": random.choice(np.arange(4), rows, p=[0.43, 0.4, 0.11, 0.06]),
        "heure_supplementaires": _pick(random, rows, {"Non": 0.72, "Oui": 0.28}),
        "frequence_deplacement": _pick(random, rows, {"Occasionnel": 0.71, "Frequent": 0.19, "Aucun": 0.1}),
    }


def _career(random, age):
    rows = len(age)
    total = _whole((age - 18) * random.beta(4, 3, rows), 0, 40)
    here = _whole(total * random.beta(2, 1.3, rows), 0, 40)
    role = _whole(here * random.beta(3, 2.2, rows), 0, 18)
    return {
        "annee_experience_totale": total,
        "annees_dans_l_entreprise": here,
        "annees_dans_le_poste_actuel": role,
        "annees_depuis_la_derniere_promotion": _whole(here * random.beta(1, 2.5, rows), 0, 15),
        "annes_sous_responsable_actuel": _whole(here * random.beta(3, 2.4, rows), 0, 17),
        "nombre_experiences_precedentes": _whole(random.poisson(0.8 + (total - here) * 0.4), 0, 9),
    }


def _job(random, people):
    rows = len(people)
    shares = {"Consulting": 0.65, "Commercial": 0.31, "Ressources Humaines": 0.04}
    department = _pick(random, rows, shares)
    job = np.array([_pick(random, 1, JOBS[name])[0] for name in department])
    lift = np.array([LIFTED.get(name, 0.0) for name in job])
    level = _whole(1 + lift + people["annee_experience_totale"] / 14 + random.normal(0, 0.4, rows), 1, 5)
    return {
        "departement": department,
        "poste": job,
        "domaine_etude": np.array([_pick(random, 1, STUDIES[name])[0] for name in department]),
        "niveau_hierarchique_poste": level,
        "revenu_mensuel": _whole(2100 * level**1.25 * random.lognormal(0, 0.22, rows), 1009, 19999),
    }


def outcome(random, people, **effects):
    """ "leaves" or "stays" for each of them; `effects` as in `risk`."""
    drawn = random.random(len(people))
    return np.where(drawn < risk(random, people, **effects), "leaves", "stays")


def risk(random, people, *, overtime=1.7, sales=0.8, distance=0.04, lost=0.0):
    """Probability of leaving; the noise stands for what no extract knows.

    `overtime`, `sales`, `distance`: what these add to the log-odds. `lost`: the share of the income that everybody lost,
    which nobody leaves for. Each is a number, or an array with one for each person.
    """
    expected = 2100 * people["niveau_hierarchique_poste"] ** 1.25
    satisfaction = people.filter(like="satisfaction_").sum(axis=1) - 11
    score = (
        -2.8
        + overtime * (people["heure_supplementaires"] == "Oui")
        + 0.9 * (people["frequence_deplacement"] == "Frequent")
        - 0.6 * (people["frequence_deplacement"] == "Aucun")
        + 0.8 * (people["statut_marital"] == "Célibataire")
        + sales * (people["poste"] == "Représentant Commercial")
        + distance * (people["distance_domicile_travail"] - 9)
        + 0.15 * people["nombre_experiences_precedentes"]
        - 0.35 * people["nombre_participation_pee"]
        - 0.28 * satisfaction
        - 0.035 * (people["age"] - 37)
        - 0.05 * people["annees_dans_l_entreprise"]
        - 1.8 * np.log(people["revenu_mensuel"] / (1 - lost) / expected)
    )
    return 1 / (1 + np.exp(-(score + random.normal(0, 0.5, len(people)))))
