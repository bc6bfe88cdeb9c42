"""The inputs of the attrition model as people read them: labels, help, groups, units, ranges, marks.

`min` and `max` are what can be at all (outside: refused); what was seen in training is added by train.py
(outside: a warning). `sensitive` marks inputs that need care: protected by law, a proxy of one, or personal.
`actionable` marks the levers an employer really has; how satisfied somebody is, is an answer and not a lever.
"""

PERSON = {"en": "Person", "fr": "Personne"}
JOB = {"en": "Job", "fr": "Poste"}
PAY = {"en": "Pay", "fr": "Rémunération"}
CAREER = {"en": "Career", "fr": "Parcours"}
REVIEWS = {"en": "Satisfaction and reviews", "fr": "Satisfaction et évaluations"}

YEARS = {"en": "years", "fr": "ans"}
FROM_1_TO_4 = {"en": "From 1 (low) to 4 (very high).", "fr": "De 1 (faible) à 4 (très élevée)."}
GRADE = {"en": "From 1 (poor) to 4 (outstanding).", "fr": "De 1 (insuffisante) à 4 (excellente)."}


def whole(name, group, en, fr, *bounds, **more):
    """A whole number between two bounds."""
    minimum, maximum = bounds
    kind = {"dtype": "integer", "min": minimum, "max": maximum, "step": 1}
    return {"name": name, "label": {"en": en, "fr": fr}, "group": group} | kind | more


def choice(name, group, en, fr, values, **more):
    """One of a list; `values` maps each value of the extracts to its English and French label."""
    categories = [{"value": value, "label": {"en": a, "fr": b}} for value, (a, b) in values.items()]
    kind = {"dtype": "category", "categories": categories}
    return {"name": name, "label": {"en": en, "fr": fr}, "group": group} | kind | more


DEPARTMENTS = {
    "Commercial": ("Sales", "Commercial"),
    "Consulting": ("Consulting", "Conseil"),
    "Ressources Humaines": ("Human resources", "Ressources humaines"),
}
JOBS = {
    "Assistant de Direction": ("Executive assistant", "Assistant de direction"),
    "Cadre Commercial": ("Sales executive", "Cadre commercial"),
    "Consultant": ("Consultant", "Consultant"),
    "Directeur Technique": ("Technical director", "Directeur technique"),
    "Manager": ("Manager", "Manager"),
    "Représentant Commercial": ("Sales representative", "Représentant commercial"),
    "Ressources Humaines": ("Human resources", "Ressources humaines"),
    "Senior Manager": ("Senior manager", "Manager senior"),
    "Tech Lead": ("Tech lead", "Responsable technique"),
}
STUDIES = {
    "Autre": ("Other", "Autre"),
    "Entrepreunariat": ("Entrepreneurship", "Entrepreneuriat"),
    "Infra & Cloud": ("Infrastructure and cloud", "Infrastructure et cloud"),
    "Marketing": ("Marketing", "Marketing"),
    "Ressources Humaines": ("Human resources", "Ressources humaines"),
    "Transformation Digitale": ("Digital transformation", "Transformation numérique"),
}
GENDER = {"F": ("Woman", "Femme"), "M": ("Man", "Homme")}
MARITAL = {
    "Célibataire": ("Single", "Célibataire"),
    "Marié(e)": ("Married", "Marié(e)"),
    "Divorcé(e)": ("Divorced", "Divorcé(e)"),
}
TRAVEL = {
    "Aucun": ("None", "Aucun"),
    "Occasionnel": ("Occasional", "Occasionnels"),
    "Frequent": ("Frequent", "Fréquents"),
}

FEATURES = [
    whole("age", PERSON, "Age", "Âge", 16, 75, unit=YEARS, sensitive="protected"),
    choice("genre", PERSON, "Gender", "Genre", GENDER, sensitive="protected"),
    choice("statut_marital", PERSON, "Marital status", "Situation familiale", MARITAL, sensitive="protected"),
    whole(
        "distance_domicile_travail",
        PERSON,
        "Distance from home to work",
        "Distance entre domicile et travail",
        0,
        200,
        unit="km",
        sensitive="proxy",
    ),
    whole(
        "niveau_education",
        PERSON,
        "Level of education",
        "Niveau d’études",
        1,
        5,
        help={"en": "From 1 (secondary school) to 5 (doctorate).", "fr": "De 1 (secondaire) à 5 (doctorat)."},
    ),
    choice("domaine_etude", PERSON, "Field of study", "Domaine d’études", STUDIES),
    choice("departement", JOB, "Department", "Département", DEPARTMENTS),
    choice("poste", JOB, "Job", "Poste", JOBS),
    whole(
        "niveau_hierarchique_poste",
        JOB,
        "Level in the hierarchy",
        "Niveau hiérarchique du poste",
        1,
        5,
        help={"en": "From 1 (entry level) to 5 (top management).", "fr": "De 1 (débutant) à 5 (direction)."},
    ),
    choice(
        "heure_supplementaires",
        JOB,
        "Works overtime",
        "Fait des heures supplémentaires",
        {"Non": ("No", "Non"), "Oui": ("Yes", "Oui")},
        actionable=True,
    ),
    choice(
        "frequence_deplacement",
        JOB,
        "Business travel",
        "Déplacements professionnels",
        TRAVEL,
        ordered=True,
        actionable=True,
    ),
    whole(
        "nb_formations_suivies",
        JOB,
        "Trainings last year",
        "Formations suivies l’an dernier",
        0,
        50,
        actionable=True,
    ),
    whole(
        "revenu_mensuel",
        PAY,
        "Monthly income",
        "Revenu mensuel",
        0,
        100_000,
        unit="€",
        help={"en": "Before tax.", "fr": "Montant brut."},
        sensitive="personal",
        actionable=True,
    ),
    whole(
        "augementation_salaire_precedente",
        PAY,
        "Last raise",
        "Dernière augmentation de salaire",
        0,
        100,
        unit="%",
        help={"en": "In per cent of the salary before.", "fr": "En pourcentage du salaire précédent."},
    ),
    whole(
        "nombre_participation_pee",
        PAY,
        "Contributions to the savings plan",
        "Participations au plan d’épargne entreprise",
        0,
        20,
        help={"en": "How many times, employer's plan (PEE).", "fr": "Nombre de versements au PEE."},
        actionable=True,
    ),
    whole(
        "nombre_experiences_precedentes",
        CAREER,
        "Employers before this one",
        "Employeurs précédents",
        0,
        40,
    ),
    whole(
        "annee_experience_totale",
        CAREER,
        "Years of experience",
        "Années d’expérience au total",
        0,
        60,
        unit=YEARS,
        sensitive="proxy",
    ),
    whole(
        "annees_dans_l_entreprise",
        CAREER,
        "Years in the company",
        "Années dans l’entreprise",
        0,
        60,
        unit=YEARS,
    ),
    whole(
        "annees_dans_le_poste_actuel",
        CAREER,
        "Years in the current job",
        "Années dans le poste actuel",
        0,
        60,
        unit=YEARS,
    ),
    whole(
        "annees_depuis_la_derniere_promotion",
        CAREER,
        "Years since the last promotion",
        "Années depuis la dernière promotion",
        0,
        60,
        unit=YEARS,
    ),
    whole(
        "annes_sous_responsable_actuel",
        CAREER,
        "Years under the current manager",
        "Années sous la responsabilité du manager actuel",
        0,
        60,
        unit=YEARS,
    ),
    whole(
        "satisfaction_employee_environnement",
        REVIEWS,
        "Satisfaction with the workplace",
        "Satisfaction\u202f: environnement de travail",
        1,
        4,
        help=FROM_1_TO_4,
    ),
    whole(
        "satisfaction_employee_nature_travail",
        REVIEWS,
        "Satisfaction with the work itself",
        "Satisfaction\u202f: nature du travail",
        1,
        4,
        help=FROM_1_TO_4,
    ),
    whole(
        "satisfaction_employee_equipe",
        REVIEWS,
        "Satisfaction with the team",
        "Satisfaction\u202f: équipe",
        1,
        4,
        help=FROM_1_TO_4,
    ),
    whole(
        "satisfaction_employee_equilibre_pro_perso",
        REVIEWS,
        "Satisfaction with work-life balance",
        "Satisfaction\u202f: équilibre entre vie professionnelle et vie personnelle",
        1,
        4,
        help=FROM_1_TO_4,
    ),
    whole("note_evaluation_precedente", REVIEWS, "Previous review", "Évaluation précédente", 1, 4, help=GRADE),
    whole("note_evaluation_actuelle", REVIEWS, "Current review", "Évaluation actuelle", 1, 4, help=GRADE),
]

NAMES = [feature["name"] for feature in FEATURES]
CATEGORIES = {
    feature["name"]: [category["value"] for category in feature["categories"]]
    for feature in FEATURES
    if feature["dtype"] == "category"
}
NUMBERS = [name for name in NAMES if name not in CATEGORIES]

KEY = "id_employee"
OUTCOME = "outcome"
CLASSES = [  # in the order scikit-learn sorts them
    {"value": "leaves", "label": {"en": "Leaves", "fr": "Départ"}, "positive": True},
    {"value": "stays", "label": {"en": "Stays", "fr": "Pas de départ"}},
]
