"""People that a company asks about, day by day, and whether they then leave: the synthetic company, until it changes.

    python examples/attrition/history.py --plan FILE --out FILE [--seed N]

The plan is JSON: {"counts": people who are new on each day, "reviews": days on which the whole staff is looked at,
"staff": how many they are, "changes": [first day, last day]}, days counted from 0. Writes a CSV file, a row for each
person and day: day, "new" or "staff", key, the 27 inputs, outcome. Who has left is not looked at again.

From the first to the last day of the change, step by step, the company turns into another one. Seen in the inputs:
more overtime, lower pay and more sales representatives among the new. Not seen in them: overtime and selling drive
fewer people away than before, nobody leaves for the pay that everybody lost, and long ways count more.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd

from examples.attrition import synthetic
from examples.attrition.features import KEY, NAMES, OUTCOME

# What the change comes to in the end.
OVERTIME = 0.35  # of those who did none do some
SALES = 0.2  # of the new are sales representatives who would have been something else
LOST = 0.14  # of the pay of the new
LESS = 0.7  # of what overtime and selling added to the log-odds of leaving
DISTANCE = 0.03  # more of it for each kilometre
FAR = 0.01  # of the new live further away than anybody did, before and after
FIRST_KEY = 10_001  # of the new; the staff counts from 1


def amounts(days, first, last):
    """How far the change has come on each of these days, from 0 to 1."""
    return np.clip((np.asarray(days, dtype=float) - first) / max(last - first, 1), 0, 1)


def worked(people, amount, luck):
    """With the overtime that the change brings; `luck`, from 0 to 1: who is spared."""
    overtime = people["heure_supplementaires"].where(luck >= OVERTIME * amount, "Oui")
    return people.assign(heure_supplementaires=overtime)


def hired(random, people, amount):
    """The new as the changed company hires them: more sales representatives, and lower pay."""
    selling = random.random(len(people)) < SALES * amount
    pay = np.rint(people["revenu_mensuel"] * (1 - LOST * amount)).clip(1009).astype("int64")
    people = people.assign(revenu_mensuel=pay)
    people.loc[selling, ["departement", "poste"]] = ["Commercial", "Représentant Commercial"]
    far = random.random(len(people)) < FAR
    people.loc[far, "distance_domicile_travail"] = random.integers(32, 75, far.sum())
    return people


def effects(amount):
    """What drives people away then, as synthetic.risk takes it."""
    less = 1 - LESS * amount
    return {"overtime": 1.7 * less, "sales": 0.8 * less, "distance": 0.04 + DISTANCE * amount}


def new(plan, seed):
    """Who is asked about for the first time, so many each day."""
    days = np.repeat(np.arange(len(plan["counts"])), plan["counts"])
    random, amount = np.random.default_rng([seed, 1]), amounts(days, *plan["changes"])
    people = worked(synthetic.generate(rows=len(days), seed=seed), amount, random.random(len(days)))
    people = hired(random, people, amount)
    people[OUTCOME] = synthetic.outcome(random, people, lost=LOST * amount, **effects(amount))
    people[KEY] = np.arange(FIRST_KEY, FIRST_KEY + len(people))
    return people.assign(day=days, kind="new")


def staff(plan, seed):
    """Those who are there from the beginning, at each review until they leave."""
    random, found = np.random.default_rng([seed, 2]), []
    people = synthetic.generate(rows=plan["staff"], seed=seed + 1)
    people = people.assign(luck=random.random(len(people)))
    for day in plan["reviews"]:
        amount = amounts(day, *plan["changes"])
        reviewed = worked(people, amount, people["luck"]).assign(day=day, kind="staff")
        reviewed[OUTCOME] = synthetic.outcome(random, reviewed, **effects(amount))
        found.append(reviewed)
        people = people[(reviewed[OUTCOME] == "stays").to_numpy()]
    return pd.concat(found) if found else people.assign(day=0, kind="staff").head(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0, help="the same seed and plan give the same people")
    options = parser.parse_args()
    plan = json.loads(options.plan.read_text())
    people = pd.concat([new(plan, options.seed), staff(plan, options.seed)]).sort_values(["day", "kind", KEY])
    people[["day", "kind", KEY, *NAMES, OUTCOME]].to_csv(options.out, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
