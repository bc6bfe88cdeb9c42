"""What an import is doing, why it ended, and what it noticed."""

from django.utils.translation import gettext_noop as _

SENTENCES = (
    # Progress
    _("downloading %(repo)s at %(commit)s"),
    _("looking at the model file in the jailed child"),
    _("opening the model in the jailed child"),
    _("resolving the model's environment"),
    _("building the model's environment: %(packages)s"),
    _("replaying golden rows"),
    _("converting and comparing"),
    _("loading the graph"),
    _("asking the graph generated rows"),
    # How it ended
    _("The import stopped on an error of its own; the worker's log has it."),
    _("The import was begun %(count)s times and never finished; see the worker's log."),
    _("This commit takes tabular input; the model %(model)s takes image input."),
    _("This commit takes image input; the model %(model)s takes tabular input."),
    _("%(version)s was finished elsewhere."),
    _(
        "These are no parts of a model, so the file was refused before anything of it could run. Publish the "
        "fitted pipeline alone (joblib.dump(pipeline, …)), or have an administrator trust the repository; see "
        "Trust in docs/model-repository.md."
    ),
    _("Served by the isolated runtime: no ONNX form."),
    _("Served by the isolated runtime: the ONNX form could not be compared."),
    _("Served by the isolated runtime: on %(misses)s of %(rows)s rows the ONNX form differs."),
    _("Served by the isolated runtime: on %(misses)s of %(rows)s rows the ONNX form differs, by up to %(largest)s."),
    # The model's steps and files
    _("model.steps: an ONNX graph holds its preprocessing itself; take the steps away."),
    _("model.steps: every step must be a %(format)s file, as the model is."),
    _("model.steps: columns names %(names)s, which the model does not take."),
    _("environment.lock: this name is taken for the version's own use. Rename the file."),
    _("%(name)s lies beside the model and is not used."),
    _("There is no manifest."),
    _("A trusted %(format)s file may run its own code, which this host cannot contain: %(said_limits)s."),
    _("files limited: %(said_files)s, network: %(said_network)s, memory %(said_memory)s, CPU %(said_cpu)s"),
    _("yes"),
    _("off"),
    _("no (%(why)s)"),
    _("on (%(why)s)"),
    _("not limited"),
    _("%(size)s GiB"),
    _("%(size)s MiB"),
    # What describes it
    _("There is no manifest, and none can be made up from the model:"),
    _("A name or a category in it cannot be stored."),
    _("There is no manifest, and the estimator does not tell its inputs. Add a manifest."),
    _("There is no manifest, and the estimator is no classifier or regressor. Add a manifest."),
    _("The manifest says %(task)s; the model is a %(found)s."),
    _("The manifest's classes are not the model's classes in the model's order: %(classes)s."),
    _("The model does not tell its classes, or answers several questions at once: only one can be recorded."),
    _("The manifest and the model name different features: %(names)s."),
    _("The manifest lists %(count)s features; the model was fitted with %(fitted)s."),
    _("The manifest's pictures have %(count)s values; the model was fitted with %(fitted)s."),
    # Golden rows
    _(
        "Checked against nothing but its own signature: a graph without golden rows has no original to be "
        "compared with."
    ),
    _("It answered %(rows)s generated rows, and its probabilities add up."),
    _("A graph without golden.json cannot be checked against anything: add golden rows."),
    _("golden.json case %(case)s, field %(field)s:"),
    _("Golden row “%(case)s” comes out differently here: by %(difference)s, %(allowed)s is allowed."),
    _("Golden row “%(case)s” comes out as %(found)s here; %(promised)s was promised."),
    _(
        "Golden row “%(case)s” comes out differently alone than among others, by %(difference)s: the graph "
        "compares rows with each other."
    ),
    _("The graph answers none of %(rows)s rows that its signature allows."),
    _("The graph answers rows one by one, and not several together."),
    _("The graph answers a row otherwise when it comes with others."),
    _("The model answers none of %(rows)s rows that its signature allows."),
    _("The model answers %(count)s numbers a row; its signature wants %(wanted)s."),
    _("The model answers something that is not a number."),
    _("The model's probabilities do not add up to one."),
    # Pictures of the card
    _("The card is shown without it."),
    _("it is no PNG, JPEG, WebP or GIF picture, or a damaged one."),
    _("it has %(width)s x %(height)s pixels; %(most)s are allowed."),
)
