"""What came of looking at the Hub, and of the wish to promote by itself."""

from django.utils.translation import gettext_noop as _

SENTENCES = (
    # Why nothing was asked
    _("It is about a %(kind)s, not about a model."),
    _("A discussion changes no model."),
    _("Nothing is known of this kind of event."),
    _("A pull request is imported once it is merged."),
    _("It is about other branches or tags than %(tracked)s, which is tracked."),
    _("No model tracks %(repo)s."),
    _("Nobody could follow this for a day; see the worker's log."),
    # What the Hub had
    _("%(former)s is called %(repo)s now."),
    _("Another repository has the name %(repo)s on %(hub)s now; the one that was tracked is gone."),
    _("Nothing was imported: track it anew if that is wanted (track_model)."),
    _("What was imported goes on serving."),
    _("Nothing new: version %(number)s (%(commit)s) was rejected."),
    _("Nothing new: version %(number)s (%(commit)s) is its commit."),
    _("Nothing new: the model files of %(other)s are those of version %(number)s (%(commit)s)."),
    _("Version %(number)s (%(commit)s) was rejected."),
    _("Version %(number)s (%(commit)s) is ready."),
    _("Version %(number)s (%(commit)s) is imported; its signature was inferred and has to be confirmed."),
    # Automatic promotion
    _("Promoted by itself."),
    _("Not promoted by itself:"),
    _("the first version of a model is promoted by a person."),
    _("the model is suspended."),
    _("a newer version is in charge."),
    _("its signature was inferred."),
    _("%(count)s golden rows were replayed, at least %(least)s are needed."),
    _("the model has no metric floors."),
    _("its manifest has no metric %(metric)s."),
    _("%(metric)s is %(value)s, below %(floor)s."),
    _("that stopped on an error of its own; the worker's log has it."),
    _("Automatic: %(count)s golden rows came out as promised; %(said_floors)s."),
    _("%(metric)s %(value)s is at least %(floor)s"),
    # Refusals of a promotion, which the robot may meet
    _("%(version)s is no version of %(model)s."),
    _("%(version)s is %(status)s: only a ready version can be promoted."),
    _("The signature of %(version)s was inferred: confirm it first."),
    _("%(version)s is suspended: resume it."),
    _("%(version)s is in charge already."),
    _("Somebody has asked for %(version)s already: it waits for a second person."),
    _("Track the repository under another name to serve it beside the champion."),
    _("The model has changed since you looked at it. Look again."),
)
