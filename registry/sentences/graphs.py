"""What is wrong with an ONNX graph."""

from django.utils.translation import gettext_noop as _

SENTENCES = (
    _("The ONNX graph has %(size)s bytes; at most %(most)s are accepted."),
    _("The ONNX file is damaged."),
    _("The ONNX graph defines functions of its own; only standard operators run."),
    _("The ONNX graph uses operators of %(domains)s; only standard ones run."),
    _("The ONNX graph keeps data in another file; put everything into one."),
    _("The ONNX graph is not valid: the checker refuses it."),
    _("The ONNX graph takes inputs of types nobody can enter: %(types)s."),
    _("The ONNX input %(name)s must have two dimensions, rows and columns: [None, 1]."),
    _("The ONNX graph takes exactly 1 row at a time; leave the first axis free when you export it."),
    _("The ONNX graph takes exactly %(count)s rows at a time; leave the first axis free when you export it."),
    _("The ONNX graph takes %(count)s inputs; a picture is one."),
    _("The ONNX graph takes pictures of the shape %(theirs)s; the manifest describes %(ours)s (see layout)."),
    _(
        "The ONNX graph must take one input per feature, by its name, or one matrix of %(count)s columns. Not "
        "so: %(odd)s."
    ),
    _("the graph takes texts for it."),
    _("the graph takes numbers for it."),
    _("the graph takes whole numbers for it, and it may be missing."),
    _("the graph takes whole numbers for it, and its dtype is number."),
    _(
        "The ONNX graph answers a list of dictionaries (ZipMap), not numbers: convert the model with "
        'options={id(model): {"zipmap": False}}.'
    ),
    _("The ONNX graph has %(count)s outputs of numbers; exactly one must hold the scores."),
    _("The ONNX graph answers one number a row; one probability for each class is needed."),
    _("The ONNX graph takes no input."),
    _(
        "The ONNX graph does not tell how many numbers its input %(name)s takes: export it with the shape "
        "[None, k], or add a model_manifest.json."
    ),
    _("The ONNX graph does not tell the size of its picture: export it with a fixed size."),
    _("The ONNX input %(name)s is no table and no picture of 1 or 3 channels: add a model_manifest.json."),
    _("The ONNX graph does not answer rows that its inputs allow."),
    _(
        "The ONNX graph's own labels do not follow its scores, so which class a score belongs to cannot be "
        "known: add a model_manifest.json."
    ),
)
