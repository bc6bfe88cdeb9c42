"""Read the three HR extracts and join them: one row for each employee.

The extracts name the same person in three ways: `id_employee` is 7, `eval_number` is E_7, `code_sondage` is
000007 or 00000007 (padded to varying widths). The last raise is written "11 %". Three columns are the same
for everybody and say nothing.
"""

import re

import pandas as pd

from examples.attrition.features import CATEGORIES, KEY, NAMES, NUMBERS, OUTCOME

CONSTANT = {"nombre_heures_travailless", "nombre_employee_sous_responsabilite", "ayant_enfants"}
LEFT = "a_quitte_l_entreprise"
OUTCOMES = {"Oui": "leaves", "Non": "stays"}


class DataError(Exception):
    """The extracts are not what this example can read; the text says which file and column."""


def read(directory):
    """Frame with id_employee, the 27 inputs and the outcome, in the order of the HR system.

    Raises DataError naming the file when one is missing, a key is odd, or the people are not the same.
    """
    people = _extract(directory / "extrait_sirh.csv", KEY, r"0*(\d+)")
    reviews = _extract(directory / "extrait_eval.csv", "eval_number", r"E_0*(\d+)")
    survey = _extract(directory / "extrait_sondage.csv", "code_sondage", r"0*(\d+)")
    for name, other in (("extrait_eval.csv", reviews), ("extrait_sondage.csv", survey)):
        if set(other.index) != set(people.index):
            raise DataError(f"{name} is not about the same people as extrait_sirh.csv.")
    joined = people.join([reviews, survey])
    joined[OUTCOME] = joined[LEFT].map(OUTCOMES)
    return _typed(joined).reset_index(names=KEY)


def _extract(path, key, pattern):
    """One extract as texts, indexed by the employee's number."""
    if not path.is_file():
        raise DataError(f"There is no {path.name} in {path.parent}.")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if key not in frame:
        raise DataError(f"{path.name} has no column {key}.")
    numbers = [re.fullmatch(pattern, value.strip()) for value in frame[key]]
    if None in numbers:
        odd = frame[key].iloc[numbers.index(None)]
        raise DataError(f"{path.name}: {odd!r} in {key} is not the number of an employee.")
    frame.index = pd.Index([int(number[1]) for number in numbers])
    if frame.index.has_duplicates:
        twice = frame.index[frame.index.duplicated()][0]
        raise DataError(f"{path.name}: employee {twice} appears twice.")
    return frame.drop(columns=[key, *CONSTANT], errors="ignore")


def _typed(joined):
    if missing := [name for name in NAMES if name not in joined]:
        raise DataError(f"The extracts have no column {', '.join(missing)}.")
    joined = joined[[*NAMES, OUTCOME]].copy()
    if joined[OUTCOME].isna().any():
        raise DataError(f"extrait_sondage.csv: {LEFT} must be Oui or Non.")
    for name in NUMBERS:
        texts = joined[name].str.replace(r"\s*%$", "", regex=True)  # "11 %", with any kind of space
        try:
            joined[name] = pd.to_numeric(texts).astype("int64")
        except ValueError:
            raise DataError(f"The column {name} holds something that is no whole number.") from None
    for name, values in CATEGORIES.items():
        if odd := set(joined[name]) - set(values):
            raise DataError(f"The column {name} holds {min(odd)!r}, which features.py does not know.")
    return joined
