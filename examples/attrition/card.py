"""The words of the attrition model: its description, its card, and how its threshold was chosen."""

CHOSEN_BY = {
    "en": "Greatest F1 on the out-of-fold probabilities of the training set (5 folds, steps of 0.01).",
    "fr": (
        "Meilleur score F1 sur les probabilités hors pli du jeu d'entraînement "
        "(validation croisée à 5 plis, pas de 0,01)."
    ),
}

# Right for any number: about 1 of them as well as about 23.
FREQUENCY = {
    "en": "Of 100 people with this profile, about {count} can be expected to leave within a year.",
    "fr": "Sur 100 personnes ayant ce profil, on peut s’attendre à en voir partir environ {count} dans l’année.",
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
    fr = "Estime la probabilité qu'une personne quitte l'entreprise."
    if not synthetic:
        return {"en": en, "fr": fr}
    return {
        "en": f"{en} Trained on synthetic data: its answers say nothing about real people.",
        "fr": f"{fr} Données d'entraînement synthétiques : les réponses ne concernent personne de réel.",
    }


def text(*, synthetic, best, results, threshold):
    """The body of README.md."""
    candidates = ", ".join(f"{name} ({value:.3f})" for name, value in results.items())
    data = SYNTHETIC if synthetic else EXTRACTS
    return TEXT.format(data=data, candidates=candidates.capitalize(), best=best, threshold=threshold)
