"""The words of the attrition model: its description, its card, and how its threshold was chosen."""

CHOSEN_BY = {
    "en": "Greatest F1 on the out-of-fold probabilities of the training set (5 folds, steps of 0.01).",
    "fr": (
        "Meilleur score F1 sur les probabilités hors pli du jeu d’entraînement "
        "(validation croisée à 5 plis, pas de 0,01)."
    ),
}

# Right for any number: about 1 of them as well as about 23.
FREQUENCY = {
    "en": "Of 100 people with this profile, about {count} can be expected to leave within a year.",
    "fr": "Sur 100 personnes ayant ce profil, on peut s’attendre à en voir partir environ {count} dans l’année.",
}

MADE_UP = {"en": "synthetic company", "fr": "entreprise fictive, données de synthèse"}
THREE_EXTRACTS = {"en": "three HR extracts", "fr": "trois extraits RH"}

# The first one stands under every answer.
LIMITS = [
    {
        "en": "Meant to start a conversation, never to decide about a person.",
        "fr": "Fait pour ouvrir la discussion, jamais pour décider du sort d’une personne.",
    },
    {
        "en": "What goes with leaving does not cause it.",
        "fr": "Ce qui accompagne les départs n’en est pas forcément la cause.",
    },
    {
        "en": "Age, gender and marital status are inputs, marked as protected: compare the answers by group before any use.",
        "fr": (
            "L’âge, le genre et la situation familiale sont des données d’entrée, signalées comme protégées\u202f: "
            "comparez les réponses entre groupes avant tout usage."
        ),
    },
    {
        "en": "Only overtime, business travel, trainings, income and contributions to the savings plan are treated as levers.",
        "fr": (
            "Seuls les heures supplémentaires, les déplacements, les formations, le revenu et les participations au plan "
            "d’épargne sont traités comme des leviers."
        ),
    },
]
OF_NOBODY = {
    "en": "Trained on a company that does not exist: its answers say nothing about real people.",
    "fr": "Entraîné sur une entreprise qui n’existe pas\u202f: ses réponses ne disent rien de personnes réelles.",
}

SYNTHETIC = (
    "**Synthetic data.** This model was trained on a company made up by `synthetic.py`. Nobody in it exists, "
    "and its answers say nothing about people. Train it with `--data` for the real extracts."
)
EXTRACTS = (
    "Trained on three extracts of one company (HR system, reviews, survey), joined on the employee's number. "
    "The people in this teaching data set are fictional."
)

TEXT = """
# Attrition

{data}

The model estimates how likely it is that somebody leaves. It has 27 inputs: person, job, pay, career,
satisfaction and reviews.

## How it was made

Numbers are scaled, choices one-hot encoded. {candidates} were compared by PR-AUC in cross-validation on the
training set; the **{best}** won. There are no class weights, so that a probability of 0.3 means about three
in ten.

From the threshold **{threshold:.2f}** on, the answer is *leaves*: it is the one with the greatest F1 on the
out-of-fold probabilities of the training set. The test set (a fifth of the people) was used for the metrics
below and for nothing else. `test_set.csv` holds it: the employee's number first, the true outcome last.

The manifest holds, in ten equal steps of the score, what the out-of-fold probabilities said and how many left. A page
says "of 100 people, about so many" only where the two are at most five points apart on enough people.

## Use and limits

Meant to start a conversation, never to decide about a person. Age, gender and marital status are inputs and
are marked as protected in the manifest; look at the answers by group before any use. What goes with leaving
does not cause it. Only overtime, travel, trainings, income and savings plan are marked as levers.

![Precision and recall](precision_recall.png)
![Calibration](calibration.png)
![Confusion](confusion.png)
"""


def description(*, synthetic):
    """The manifest's description; a model of made-up people says so first."""
    en = "Estimates how likely it is that an employee leaves the company."
    fr = "Estime la probabilité qu’une personne quitte l’entreprise."
    if not synthetic:
        return {"en": en, "fr": fr}
    return {
        "en": f"{en} Trained on synthetic data: its answers say nothing about real people.",
        "fr": f"{fr} Données d’entraînement synthétiques : les réponses ne concernent personne de réel.",
    }


def limits(*, synthetic):
    """What the manifest says of its limits."""
    return [*LIMITS, OF_NOBODY] if synthetic else LIMITS


def text(*, synthetic, best, results, threshold):
    """The body of README.md."""
    candidates = ", ".join(f"{name} ({value:.3f})" for name, value in results.items())
    data = SYNTHETIC if synthetic else EXTRACTS
    return TEXT.format(data=data, candidates=candidates.capitalize(), best=best, threshold=threshold)
