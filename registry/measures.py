"""The usual measures of a model's quality and the sets they were taken on, in plain words."""

from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from registry.said import ENGLISH, marked

MEASURES = {
    "accuracy": _("Accuracy"),
    "accuracy_score": _("Accuracy"),
    "balanced_accuracy": _("Balanced accuracy"),
    "balanced_accuracy_score": _("Balanced accuracy"),
    "pr_auc": _("Precision–recall area"),
    "auc_pr": _("Precision–recall area"),
    "average_precision": _("Average precision"),
    "average_precision_score": _("Average precision"),
    "roc_auc": _("Area under the ROC curve"),
    "auc": _("Area under the ROC curve"),
    "roc_auc_score": _("Area under the ROC curve"),
    "precision": _("Precision"),
    "precision_score": _("Precision"),
    "recall": _("Recall"),
    "recall_score": _("Recall"),
    "sensitivity": _("Recall"),
    "specificity": _("Specificity"),
    "f1": _("F1 score"),
    "f1_score": _("F1 score"),
    "f1_macro": _("F1 score, averaged over classes"),
    "macro_f1": _("F1 score, averaged over classes"),
    "f1_weighted": _("F1 score, weighted by class"),
    "brier": _("Brier score"),
    "brier_score": _("Brier score"),
    "brier_score_loss": _("Brier score"),
    "log_loss": _("Log loss"),
    "calibration_error": _("Calibration error"),
    "ece": _("Calibration error"),
    "mcc": _("Matthews correlation"),
    "matthews_corrcoef": _("Matthews correlation"),
    "cohen_kappa": _("Cohen’s kappa"),
    "cohen_kappa_score": _("Cohen’s kappa"),
    "mae": _("Mean absolute error"),
    "mean_absolute_error": _("Mean absolute error"),
    "median_absolute_error": _("Median absolute error"),
    "mape": _("Mean absolute error, in percent"),
    "mean_absolute_percentage_error": _("Mean absolute error, in percent"),
    "mse": _("Mean squared error"),
    "mean_squared_error": _("Mean squared error"),
    "rmse": _("Root mean squared error"),
    "root_mean_squared_error": _("Root mean squared error"),
    "max_error": _("Largest error"),
    "r2": _("Share of the variance explained (R²)"),
    "r2_score": _("Share of the variance explained (R²)"),
}
SPLITS = {
    "test": _("test set"),
    "test_set": _("test set"),
    "test,_as_pictures": _("test set, as pictures"),
    "train": _("training set"),
    "training": _("training set"),
    "training_set": _("training set"),
    "validation": _("validation set"),
    "validation_set": _("validation set"),
    "valid": _("validation set"),
    "val": _("validation set"),
    "cross_validation": _("cross-validation"),
    "cv": _("cross-validation"),
    "crossval": _("cross-validation"),
    "holdout": _("rows held out"),
    "hold_out": _("rows held out"),
    "out_of_fold": _("out of fold"),
    "oof": _("out of fold"),
}


def title(name: str) -> SafeString:
    """The measure in the reader's language; a name that is not known as it is written, marked as English."""
    return _in_words(name, MEASURES)


def split(name: str) -> SafeString:
    """The rows it was measured on, likewise."""
    return _in_words(name, SPLITS)


def plain(name: str) -> str:
    """The measure as `title` says it, where only text may stand."""
    found = MEASURES.get(_key(name))
    return name.replace("_", " ") if found is None else gettext(found)


def part(text: str) -> SafeString:
    """A slice of the rows, in the manifest's own words."""
    return marked(text, ENGLISH) if text else SafeString("")


def _in_words(name: str, table: dict[str, str]) -> SafeString:
    found = table.get(_key(name))
    if found is not None:
        return SafeString(gettext(found))
    return part(name.replace("_", " "))


def _key(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
