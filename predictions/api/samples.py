"""An example that is too long to stand among the others."""

from typing import Any

# Somebody made up, as the attrition model of the demo takes her: it is what `POST /predict` asks there.
EMPLOYEE: dict[str, Any] = {
    "age": 34,
    "genre": "F",
    "statut_marital": "Marié(e)",
    "distance_domicile_travail": 8,
    "niveau_education": 3,
    "domaine_etude": "Infra & Cloud",
    "departement": "Consulting",
    "poste": "Consultant",
    "niveau_hierarchique_poste": 2,
    "heure_supplementaires": "Non",
    "frequence_deplacement": "Occasionnel",
    "nb_formations_suivies": 3,
    "revenu_mensuel": 4800,
    "augementation_salaire_precedente": 14,
    "nombre_participation_pee": 1,
    "nombre_experiences_precedentes": 2,
    "annee_experience_totale": 11,
    "annees_dans_l_entreprise": 6,
    "annees_dans_le_poste_actuel": 4,
    "annees_depuis_la_derniere_promotion": 1,
    "annes_sous_responsable_actuel": 4,
    "satisfaction_employee_environnement": 3,
    "satisfaction_employee_nature_travail": 3,
    "satisfaction_employee_equipe": 3,
    "satisfaction_employee_equilibre_pro_perso": 3,
    "note_evaluation_precedente": 3,
    "note_evaluation_actuelle": 3,
}
