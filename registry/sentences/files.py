"""What the jailed process says of a model file, and how it may fail."""

from django.utils.translation import gettext_noop as _

SENTENCES = (
    # The file
    _("The file is compressed with lz4; save it with zlib, or uncompressed."),
    _("The file was written by joblib before 0.10; save it again with a current one."),
    _("The file inflates to more than %(size)s MiB."),
    _("The compressed file ends too early: it is incomplete, upload it again."),
    _("The compressed file is damaged: upload it again."),
    _("The file ends in the middle of an array: it is incomplete, upload it again."),
    _("The file is no readable pickle (%(error)s): upload what joblib.dump wrote."),
    _("The file would change a class."),
    _("The file would change a class or a function."),
    _("%(name)s is not on the list of allowed names."),
    _("Not on the list of allowed names: %(names)s."),
    _("Not on the list of allowed names: %(names)s and %(count)s more."),
    _("The file would call an object that is no named function or class."),
    _("The file would call %(name)s, which may read files."),
    _("The file could not be loaded: %(said_error)s"),
    _(
        "The file could not be loaded: %(said_error)s It was trained with scikit-learn %(trained)s; this "
        "environment has %(here)s."
    ),
    _("The file holds a %(kind)s, which cannot predict."),
    _("The file holds a dict with %(count)s models; put the one to serve under 'model'."),
    _(
        "The file holds a dict with a model and what may prepare its inputs (%(names)s): put them into one "
        "Pipeline, or into files of their own that a manifest lists in model.steps."
    ),
    _("The step does not make one column of each of its columns."),
    # What it tells of itself
    _("The model answers several questions at once; only one can be recorded."),
    _("The model has no predict_proba: it answers a class without a probability."),
    _("%(name)s keeps all rows it was trained on inside the file."),
    _("%(name)s keeps rows it was trained on inside the file."),
    _("The model decides by its decision function; here its probability decides: labels may differ."),
    _("The threshold in the file is no probability from 0 to 1: it is not used."),
    _("The columns in the file are not those the model was fitted on: they are not used."),
    _("The file names the threshold %(told)s, and its model decides at %(own)s: the model's is used."),
    _("%(name)s acts in training alone and is not part of what answers."),
    _("It keeps rows it was trained on inside the file."),
    # The process
    _("The child could not be started: %(said_error)s."),
    _("The child did not say what jail it is in."),
    _("The child has ended."),
    _("The child ended with status %(status)s."),
    _("The child was ended by %(signal)s."),
    _("The child used up its processor time."),
    _("The child answered another question."),
    _("The child's answer has no fields."),
    _("The child's answer is no message."),
    _("The child's answer of %(size)s bytes is longer than it may be."),
    _("The model did not answer within its deadline."),
    _("The request cannot be written for the child."),
    _("The request is larger than %(size)s MiB."),
    _("The model needed more memory than it may use."),
    _("The model raised %(error)s."),
    _("The model could not be used: %(said_error)s"),
    _("The environment cannot be used: %(said_error)s"),
    _("Unknown operation %(name)s."),
    _("No model is loaded."),
    # Serving
    _("%(version)s has no graph."),
    _("%(version)s has no environment.lock."),
    _("%(version)s has no file %(path)s."),
    _("This machine has not the environment of %(version)s: run %(command)s."),
    _("The model is stopped for a moment:"),
    _("it computes between requests."),
    _("The runtime is closed."),
    _("Too many requests wait for this model."),
    _("The runtime failed: %(error)s."),
    _("The model answered something that is not a number."),
    _("The model answered something that is no number."),
    _("The model's answer has not the size of its question."),
    _("onnxruntime refuses the graph."),
    _("onnxruntime could not run the graph on this input."),
    _("Artifact %(digest)s is damaged: its content has another digest."),
    _("%(path)s cannot be written to the cache of this machine."),
)
