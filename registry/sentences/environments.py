"""Why a model has an environment of its own, and why none could be built."""

from django.utils.translation import gettext_noop as _

SENTENCES = (
    _("The server's own environment fits the model."),
    _("The model was trained with scikit-learn %(trained)s; this server has %(here)s."),
    _("The model needs %(names)s, which the server's own environment does not hold."),
    _("The manifest names Python %(python)s; every model runs with %(here)s here."),
    _("Named in the manifest, and not installed for models here: %(names)s."),
    _("Named in the manifest, and not installed for models here: %(names)s and others."),
    _("The manifest names scikit-learn %(pinned)s; the file was saved by %(saved_by)s, which counts."),
    _("The manifest pins %(name)s %(version)s; %(floor)s is the oldest that may load a model here."),
    _("The model's libraries leave no room for what converts it to ONNX (%(names)s)."),
    _("The model's environment vanished while it was built: is another program at its folder?"),
    _("The model's environment could not be built: %(said_error)s"),
    _("The model's environment could not be written: %(said_error)s."),
    _(
        "The model's environment was not ready within %(seconds)s s. What was downloaded is kept: sync again, "
        "or raise ENVIRONMENT_BUILD_SECONDS."
    ),
    _(
        "uv, which builds the environments of models, is not installed on this machine: run `python -m pip "
        "install 'uv>=0.9'` in the server's environment, then sync again."
    ),
    _("%(package)s has no ready-made build for %(python)s here; building it from source is refused."),
    _("The package index has no %(package)s for %(python)s."),
    _("`%(command)s` shows what there is; or name another version under runtime.packages in model_manifest.json."),
    _("The package index did not answer, so the model's environment could not be resolved. Sync again later."),
    _(
        "The model's libraries cannot be installed together: %(said_error)s Name another version under "
        "runtime.packages in model_manifest.json."
    ),
    _("%(name)s is pinned to “%(value)s”, which is no plain version."),
    _("Write one like 1.6.1."),
)
