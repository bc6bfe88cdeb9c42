"""The page of one answer: what it says, how sure it says it, what would change it, and what it hides."""

import json
import re
from copy import deepcopy
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from futurisys.accounts import roles
from predictions import actions, explanations, what_if
from predictions.models import Prediction, Source
from predictions.presenters import RecordPage, cautions
from predictions.presenters.factors import FACTORS_SHOWN
from registry import actions as registry_actions
from registry import confirmation, promotions
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed
from tests.predictions.employees import PERSON, dataset
from tests.worlds import IRIS, member

CALM = PERSON | {"heure_supplementaires": "Non", "nombre_participation_pee": 2, "annees_dans_l_entreprise": 12}


@pytest.fixture
def attrition(promoted) -> ModelVersion:
    return promoted("attrition")


def ask(by: User, person: dict[str, Any] = PERSON, rows: int = 1, **more: Any) -> Prediction:
    columns = {name: [value] * rows for name, value in person.items()}
    asked = {"model": "attrition", "source": Source.FORM, "explain": rows == 1, **more}
    return actions.predict(columns=columns, rows=rows, by=by, **asked).predictions[0]


def read(by: User, answer: Prediction, **headers: str) -> HttpResponse:
    client = Client(headers=headers)
    client.force_login(by)
    return client.get(f"/history/{answer.pk}/")


def text(response: HttpResponse) -> str:
    """The page's text without its tags."""
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def described(examined, **outputs: Any) -> dict[str, Any]:
    """The example's signature with members of `outputs` set, or taken out where None."""
    signature = deepcopy(examined("attrition").signature_json)
    signature["outputs"] = {key: value for key, value in (signature["outputs"] | outputs).items() if value is not None}
    return signature


# How sure


def test_a_proven_score_is_said_as_a_frequency_and_drawn(attrition, analyst: User) -> None:
    answer = ask(analyst, CALM)
    count = round(100 * answer.score)
    page = read(analyst, answer)
    assert f"Of 100 people with this profile, about {count} can be expected to leave within a year." in text(page)
    assert page.content.decode().count('class="person person--filled" transform') == count > 0
    assert "Checked on 1 200 cases that the model had not seen." in text(page)


def test_the_frequency_is_in_french_too(attrition, analyst: User) -> None:
    assert "Sur 100 personnes ayant ce profil" in text(read(analyst, ask(analyst, CALM), accept_language="fr"))


def test_without_a_sentence_of_the_manifests_a_general_one_is_said(promoted, examined, analyst: User) -> None:
    promoted("attrition", signature_json=described(examined, frequency=None))
    answer = ask(analyst, CALM)
    wanted = f"In about {round(100 * answer.score)} of 100 such cases the outcome is “Leaves”."
    assert wanted in text(read(analyst, answer))


def test_a_score_near_the_end_claims_no_certainty(attrition, analyst: User) -> None:
    answer = ask(analyst, CALM)
    answer.score = 0.003
    frequency = RecordPage(answer, analyst).frequency
    assert frequency is not None
    assert frequency.sentence == "In fewer than 1 of 100 such cases the outcome is “Leaves”."


def test_where_nothing_was_measured_a_word_is_said_and_why(promoted, examined, analyst: User) -> None:
    promoted("attrition", signature_json=described(examined, calibration=None))
    page = read(analyst, ask(analyst, CALM))
    assert "We say a word and not “so many of 100”: how often such scores come true has not been" in text(page)
    assert 'class="person' not in page.content.decode()


def test_a_word_is_said_with_the_threshold_it_is_measured_by(promoted, examined, analyst: User) -> None:
    promoted("attrition", signature_json=described(examined, calibration=None))
    answer = ask(analyst)
    found = text(read(analyst, answer))
    line = round(100 * answer.outputs["threshold"])
    assert f"By its threshold of {line}%, it rates the likelihood of “Leaves” as" in found
    assert "(likelihood of “Leaves”: moderate)" in found


def test_where_the_score_was_off_a_word_is_said_and_why(attrition, analyst: User) -> None:
    answer = ask(analyst, CALM)
    answer.score = 0.25  # where the out-of-fold scores said 24 of 100, and 18 left
    page = RecordPage(answer, analyst)
    apart = "on 140 known cases with such scores, estimate and reality were 6.6 points apart; 5 is the most"
    assert (page.frequency, page.doubt) == (None, f"{apart} that we accept.")


def test_nobody_checked_values_that_the_model_never_saw(attrition, analyst: User) -> None:
    answer = ask(analyst, CALM | {"age": 75}, confirmed=True)
    found = text(read(analyst, answer))
    assert "nobody can say how often this comes true" in found
    assert "Outside it guesses. confirmed by the asker" in found


def test_a_measurement_can_be_taken_out_of_a_description_and_not_written(examined) -> None:
    before, without = described(examined), described(examined, calibration=None)
    assert confirmation.problems(before, without, is_draft=False) == []
    for edited in (described(examined, calibration={**before["outputs"]["calibration"], "split": "test"}), before):
        assert "calibration" in confirmation.problems(without if edited is before else before, edited)[0]


# What a bold answer leaves out

RIGHT = "Of 100 that the model named “Leaves” when it was tested, whatever their score, it was right for about {}."
EARLY = "It answers “Leaves” from {}% on, so as to miss few: by its own estimate, “Stays” is more likely."


def named(version: ModelVersion, split: str = "test") -> int:
    """Of 100, as the example's manifest has it."""
    found = (each for each in version.metadata["metrics"] if (each["name"], each["split"]) == ("precision", split))
    return round(100 * next(found)["value"])


def test_the_answer_says_how_often_it_was_right(attrition, analyst: User) -> None:
    assert RIGHT.format(named(attrition)) in text(read(analyst, ask(analyst)))


def test_without_a_test_set_cross_validation_says_it(promoted, examined, analyst: User) -> None:
    metadata = deepcopy(examined("attrition").metadata)
    metadata["metrics"] = [each for each in metadata["metrics"] if each["split"] != "test"]
    version = promoted("attrition", metadata=metadata)
    assert RIGHT.format(named(version, "cross-validation")) in text(read(analyst, ask(analyst)))


def test_the_other_answer_says_nothing_of_it(attrition, analyst: User) -> None:
    found = text(read(analyst, ask(analyst, CALM)))
    assert ("The model answers Stays" in found, "when it was tested" in found) == (True, False)


@pytest.mark.parametrize("value", [0, 1.5, None, "0.4"])
def test_what_is_no_precision_is_not_said(promoted, examined, analyst: User, value: object) -> None:
    metrics = [{"name": "precision", "split": "test", "value": value}]
    promoted("attrition", metadata=examined("attrition").metadata | {"metrics": metrics})
    assert RecordPage(ask(analyst), analyst).cautions == []


def test_an_early_answer_says_that_the_other_is_more_likely(attrition, analyst: User) -> None:
    answer = ask(analyst)
    line = round(100 * answer.outputs["threshold"])
    answer.score = 0.36
    assert RecordPage(answer, analyst).cautions[0] == EARLY.format(line)
    answer.score = 0.5
    assert len(RecordPage(answer, analyst).cautions) == 1


def test_another_threshold_was_never_tested(attrition, administrator: User, analyst: User) -> None:
    described = deepcopy(attrition.signature)
    described["outputs"]["threshold"]["value"] = 0.4
    new = registry_actions.confirm_signature(version=attrition, signature=described, by=administrator)
    assert (cautions.precision(attrition) is None, cautions.precision(new)) == (False, None)


def test_other_words_leave_the_test_true(attrition, administrator: User) -> None:
    described = deepcopy(attrition.signature)
    described["outputs"]["label"] = "Soon"
    new = registry_actions.confirm_signature(version=attrition, signature=described, by=administrator)
    assert cautions.precision(new) == cautions.precision(attrition)


def test_several_classes_are_called_unsure_below_ninety(iris, analyst: User) -> None:
    answer = ask(analyst, IRIS, model="iris")
    assert not RecordPage(answer, analyst).is_unsure
    answer.outputs["probabilities"] = {"setosa": 0.85, "versicolor": 0.1, "virginica": 0.05}
    assert RecordPage(answer, analyst).is_unsure


# What would change it


def test_one_row_is_stored_with_what_would_change_it(attrition, analyst: User) -> None:
    reasons = ask(analyst).explanation or {}
    turned = {change["label"] for change in reasons["changes"]}
    assert (1 <= len(reasons["changes"]) <= 3, turned) == (True, {"stays"})
    fields = {each["field"] for change in reasons["changes"] for each in change["set"]}
    levers = {feature.name for feature in what_if.levers(attrition.parsed_signature())}
    assert fields <= levers
    assert "revenu_mensuel" not in levers  # somebody can act on it, and it is personal


def test_what_the_model_would_answer_is_what_it_answers_then(attrition, analyst: User) -> None:
    change = (ask(analyst).explanation or {})["changes"][0]
    again = ask(analyst, PERSON | {each["field"]: each["value"] for each in change["set"]})
    assert (again.label, again.score) == (change["label"], pytest.approx(change["score"], abs=1e-6))


def test_the_same_question_gets_the_same_explanation(attrition, analyst: User) -> None:
    assert ask(analyst).explanation == ask(analyst).explanation


def test_a_change_is_said_in_words_and_can_be_tried(attrition, analyst: User) -> None:
    answer = ask(analyst)
    page = read(analyst, answer)
    assert "Works overtime: Yes → becomes No" in text(page)
    assert "What the model would answer, not what would happen." in text(page)
    client = Client()
    client.force_login(analyst)
    numbers = range(len((answer.explanation or {})["changes"]))
    tried = [client.get(f"/predict/attrition/?changes={answer.pk}.{number}") for number in numbers]
    assert all(f"?changes={answer.pk}.{number}" in page.content.decode() for number in numbers)
    values = [form.context["form"]["x-heure_supplementaires"].value() for form in tried]
    assert "Non" in values


def test_a_model_without_levers_says_so(promoted, examined, analyst: User) -> None:
    signature = described(examined)
    for feature in signature["inputs"]["features"]:
        feature.pop("actionable", None)
    promoted("attrition", signature_json=signature)
    assert "takes no value that somebody can act on" in text(read(analyst, ask(analyst)))


def test_a_runtime_that_gives_up_leaves_the_answer_and_its_factors(attrition, analyst: User, monkeypatch) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeFailed("The model took too long.", kind="deadline")

    monkeypatch.setattr(what_if, "explore", fail)
    answer = ask(analyst)
    assert (answer.explanation or {}).keys() >= {"contributions", "distribution"}
    found = text(read(analyst, answer))
    assert ("Main factors" in found, "What would change the answer" in found) == (True, False)


def test_three_classes_get_factors_alone(iris, analyst: User) -> None:
    answer = ask(analyst, IRIS, model="iris")
    assert (answer.explanation or {}).keys().isdisjoint({"changes", "curves", "distribution"})
    assert "Main factors" in text(read(analyst, answer))


# Its place


def test_the_place_among_other_cases_is_counted(attrition, analyst: User) -> None:
    place = (ask(analyst).explanation or {})["distribution"]
    assert (len(place["counts"]), sum(place["counts"]), place["low"], place["high"]) == (20, 100, 0.0, 1.0)
    assert re.search(r"Higher than \d+ of 100 cases that the model was trained on\.", text(read(analyst, ask(analyst))))


def test_a_value_has_a_place_and_no_changes(price, analyst: User) -> None:
    answer = ask(analyst, {"surface": 155, "rooms": 3}, model="house")
    reasons = answer.explanation or {}
    assert ("changes" in reasons, reasons["distribution"]["below"]) == (False, pytest.approx(0.5, abs=0.05))
    assert "Compared with other cases" in text(read(analyst, answer))


def test_values_too_far_apart_to_draw_have_no_place() -> None:
    known = explanations.np.array([-1.7e308, 1.7e308])
    assert explanations._place(known, 0.0, is_share=False) == {}


# Where it comes from


def test_a_promotion_and_a_suspension_since_are_noted(attrition, promoted, analyst: User, administrator: User) -> None:
    answer = ask(analyst)
    assert "in service today" not in text(read(analyst, answer))
    second = promoted("attrition")
    assert "Version 2 of this model is in service today." in text(read(analyst, answer))
    promotions.suspend(model=second.model, by=administrator, reason="a doubt")
    assert "has been suspended since" in text(read(analyst, answer))


def test_the_strip_names_the_first_limit(attrition, analyst: User) -> None:
    found = text(read(analyst, ask(analyst)))
    assert "Known limits Meant to start a conversation, never to decide about a person." in found


def test_in_french_the_limits_and_the_data_are_french(attrition, analyst: User) -> None:
    found = text(read(analyst, ask(analyst), **{"accept-language": "fr"}))
    for words in ("jamais pour décider du sort d’une personne.", "entreprise fictive, données de synthèse", "Départs"):
        assert words in found
    assert "synthetic" not in found


def test_an_answer_among_many_says_where_the_others_are(attrition, analyst: User) -> None:
    record = dataset(attrition, analyst, [{"key": "E-1"}]).record_set.get()
    answer = ask(analyst, rows=2, source=Source.RECORDS, records=[record.pk, None])
    page = read(analyst, answer)
    assert "such answers are not explained" in text(page)
    for address in (f"/predict/attrition/?record={record.pk}", f"/answers/{answer.request_id}/"):
        assert f'href="{address}"' in page.content.decode()


# What it hides


@pytest.fixture
def about(attrition, analyst: User) -> Prediction:
    """An answer about a record whose age nobody else has."""
    record = dataset(attrition, analyst, [{"key": "E-1", "age": 59}]).record_set.get()
    return ask(analyst, PERSON | {"age": 59}, records=[record.pk])


def test_values_of_a_record_are_hidden_from_who_may_not_see_them(about: Prediction, analyst: User) -> None:
    page = read(analyst, about)
    assert ("59 years" in text(page), "About the record E-1" in text(page)) == (False, True)
    assert page.content.decode().count("•••") >= 5
    stored = RecordPage(about, analyst).raw["inputs"]
    assert (stored["age"], stored["genre"], stored["poste"]) == ("•••", "•••", PERSON["poste"])


def test_no_factor_tells_what_is_hidden(about: Prediction, analyst: User) -> None:
    page = RecordPage(about, analyst)
    assert not {factor.title for factor in page.factors} & {"Age", "Gender", "Marital status"}
    assert "strongest factors" in text(read(analyst, about))
    shown = json.loads(page.raw_text)["explanation"]["contributions"]
    hidden = [each for each in shown if each["field"] in page.hidden]
    assert {(each["value"], each["contribution"]) for each in hidden} == {("•••", "•••")}
    assert len(shown) == len(PERSON)


def test_the_json_tells_no_more_of_what_is_hidden_than_the_page(about: Prediction, analyst: User) -> None:
    hidden = RecordPage(about, analyst).hidden
    by_size = [each["field"] for each in about.explanation["contributions"]]
    bars = [name for name in by_size if name not in hidden][:FACTORS_SHOWN]
    place = {"set": [{"field": "age", "value": 20}, {"field": "poste", "value": "x"}], "score": 0.1, "label": "stays"}
    curve = {"field": "age", "values": [1], "scores": [0.1], "low": 1, "high": 1}
    about.explanation |= {
        "changes": [place, place | {"set": place["set"][1:]}],
        "curves": [curve, curve | {"field": "poste"}],
    }
    shown = json.loads(RecordPage(about, analyst).raw_text)["explanation"]
    rest = [each["field"] for each in shown["contributions"][FACTORS_SHOWN:]]
    assert [each["field"] for each in shown["contributions"][:FACTORS_SHOWN]] == bars
    assert rest == sorted(set(by_size) - set(bars) - hidden) + sorted(hidden)
    # All the others and the score would give the sum of what is hidden.
    assert {each["contribution"] for each in shown["contributions"][FACTORS_SHOWN:]} == {"•••"}
    assert [[each["field"] for each in change["set"]] for change in shown["changes"]] == [["poste"]]
    assert [each["field"] for each in shown["curves"]] == ["poste"]
    assert RecordPage(about).raw["explanation"] == about.explanation


def test_who_may_see_them_sees_them(about: Prediction) -> None:
    page = read(member("decider", roles.DECISION_MAKER), about)
    assert "59 years" in text(page)
    assert "•••" not in page.content.decode()


def test_a_warning_about_a_hidden_field_does_not_name_it(attrition, analyst: User) -> None:
    record = dataset(attrition, analyst, [{"key": "E-1", "age": 75}]).record_set.get()
    found = text(read(analyst, ask(analyst, PERSON | {"age": 75}, records=[record.pk], confirmed=True)))
    assert "The value of a field that you may not see lies outside what the model saw." in found
    assert "The model saw “Age”" not in found


def test_the_list_names_the_record(about: Prediction, analyst: User) -> None:
    client = Client()
    client.force_login(analyst)
    assert "E-1 Employees" in text(client.get("/history/"))
