"""What workers store in English is read in French, and no sentence they can write lacks a template."""

import ast
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from registry import said
from registry.said import Said

ROOT = Path(__file__).resolve().parents[2]
FRENCH = {
    "replaying golden rows": "vérification des lignes témoins",
    "The model was trained with scikit-learn 1.2.0; this server has 1.6.1.": (
        "Le modèle a été entraîné avec scikit-learn 1.2.0 ; ce serveur a 1.6.1."
    ),
    "Version 3 (abcd1234) was rejected. The ONNX file is damaged. What was imported goes on serving.": (
        "La version 3 (abcd1234) a été rejetée. Le fichier ONNX est endommagé. Ce qui a été importé continue de "
        "répondre."
    ),
    "Not promoted by itself: the model is suspended. its signature was inferred.": (
        "Pas mise en service automatiquement : le modèle est suspendu. sa signature a été déduite."
    ),
    "golden.json: cases[3]: input: 'my age' must not be missing.": (
        "golden.json : cases[3] : input : 'my age' ne doit pas manquer."
    ),
    "golden.json case 2, field age: Enter a number.": "golden.json, cas 2, champ age : Saisissez un nombre.",
    "Served by the isolated runtime: no ONNX form. It cannot be converted: CatBoost has no exact form in a graph.": (
        "Servi par l’exécution isolée : pas de forme ONNX. Il ne peut pas être converti : CatBoost n’a pas de forme "
        "exacte dans un graphe."
    ),
    "files limited: yes, network: no (darwin has none), memory 2 GiB, CPU not limited": (
        "fichiers limités : oui, connexion au réseau : non (darwin has none), mémoire : 2 Gio, processeur : sans limite"
    ),
    "Automatic: 5 golden rows came out as promised; pr_auc 0.6 is at least 0.5, f1 0.7 is at least 0.2.": (
        "Automatique : 5 lignes témoins ont donné ce qui était promis ; pr_auc vaut 0.6, au moins 0.5, f1 vaut 0.7, "
        "au moins 0.2."
    ),
}


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize("stored", FRENCH)
def test_a_stored_sentence_is_read_in_french(stored: str) -> None:
    with translation.override("fr"):
        found = said.in_language(stored)
    assert (plain(found.text), found.language) == (FRENCH[stored], "fr")


def test_in_english_it_is_as_it_was_stored() -> None:
    with translation.override("en"):
        assert said.in_language("The ONNX file is damaged.") == Said("The ONNX file is damaged.", "en")


@pytest.mark.parametrize("stored", ["Somebody wrote this.", "The ONNX file is damaged. Somebody wrote this.", "", " "])
def test_what_no_template_explains_stays_as_it_is(stored: str) -> None:
    with translation.override("fr"):
        assert said.in_language(stored).text == stored


def test_a_page_marks_what_stays_english() -> None:
    with translation.override("fr"):
        html = said.in_language("Somebody <wrote> this.").html
    assert html == '<span lang="en">Somebody &lt;wrote&gt; this.</span>'


def test_a_stranger_s_percent_signs_and_braces_are_put_back_as_they_are() -> None:
    with translation.override("fr"):
        found = said.in_language("%(x)s {0} %d lies beside the model and is not used.")
    assert found.text.startswith("%(x)s {0} %d se trouve")


@pytest.mark.parametrize("part", ["a: ", "x. ", "The file inflates to more than ", "a has a has no b. ", "line "])
def test_a_long_text_of_a_stranger_costs_no_time(part: str) -> None:
    began = time.process_time()
    with translation.override("fr"):
        said.in_language(part * (5_000 // len(part)))
    assert time.process_time() - began < 0.5


# --- no sentence without a template ---------------------------------------------------------------------

REGISTRY = ROOT / "registry"
# Marked for the catalogue, said to a Hub that sent a bad webhook, or to a developer.
UNSTORED = {"_", "Malformed", "RuntimeError"}
WRITERS = [
    *(path for folder in ("importer", "environments", "runtimes") for path in (REGISTRY / folder).rglob("*.py")),
    *(path for pattern in ("contract*.py", "hub*.py") for path in REGISTRY.glob(pattern)),
    *(REGISTRY / f"{name}.py" for name in ("discovery", "automation", "card_pictures", "artifacts", "background")),
]
# What may stand in a hole: anything, a sentence, the end of one, a sentence without its full stop.
ANY = ["x", "There is no manifest.", "must not be missing", "There is no manifest"]
# Where not just anything may stand in it.
FILLED = {
    "by": [", by up to x"],
    "CARD": ["README.md"],
    "FILE": ["background.csv"],
    "LOCK": ["environment.lock"],
    "MANIFEST": ["model_manifest.json"],
    "count": [*ANY, "2 rows"],
    "kind": [*ANY, "tabular"],
    "model.input_kind": ["image"],
    "name": [*ANY, "version 3 (x)", "Version 3 (x)"],
    "what": ["x at y", "rows it was trained on"],
    "where": ["at its root or named by model_manifest.json, config.json or README.md"],
    "which": ["the token"],
    "words": ["a text"],
}


def sentences_in(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line, and the ways in which a literal that looks like a sentence may come out."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = {id(part) for node in ast.walk(tree) for part in parts_to_skip(node)}
    for node in ast.walk(tree):
        if id(node) not in skipped and isinstance(node, ast.JoinedStr | ast.Constant):
            shown = ast.unparse(node).strip("f\"'")
            if shown.count(" ") > 1 and (shown.endswith((".", "?", ":")) or shown.startswith("must ")):
                yield node.lineno, ways(node)


def parts_to_skip(node: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, the insides of f-strings, what is marked for the catalogue, and what no row keeps."""
    if isinstance(node, ast.Expr):
        yield node.value
    if isinstance(node, ast.JoinedStr):
        yield from (part for part in ast.walk(node) if part is not node)
    if isinstance(node, ast.Call) and ast.unparse(node.func) in UNSTORED:
        yield from (part for argument in node.args for part in ast.walk(argument))


def ways(node: ast.expr) -> list[str]:
    found = [""]
    for part in node.values if isinstance(node, ast.JoinedStr) else [node]:
        found = [before + text for before in found for text in fillings(part)]
    return [*found, *(f"x {text}." for text in found)]  # the end of a sentence is said of something


def fillings(part: ast.expr) -> list[str]:
    if isinstance(part, ast.Constant):
        return [str(part.value)]
    assert isinstance(part, ast.FormattedValue)
    if isinstance(part.value, ast.IfExp):
        return [str(each.value) for each in (part.value.body, part.value.orelse) if isinstance(each, ast.Constant)]
    name = ast.unparse(part.value)
    return FILLED.get(name if name in FILLED else name.rpartition(".")[2], ANY)


def test_every_sentence_that_may_be_stored_has_a_template() -> None:
    missing = [
        f"registry/{path.relative_to(REGISTRY)}:{line} {texts[0]}"
        for path in WRITERS
        for line, texts in sentences_in(path)
        if not any(said.is_known(text) for text in texts)
    ]
    assert missing == [], "Add a template to registry/sentences and its French."
