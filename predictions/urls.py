"""Routes of the doors that ask, and of what was answered."""

from django.urls import include, path

from predictions.views import (
    answers,
    ask_many,
    batch_wizard,
    batches,
    case_file,
    comparison,
    decisions,
    history,
    home,
    outcomes,
    person,
    predict,
    record_import,
    records,
)

urlpatterns = [
    # /
    path("", home.home, name="home"),
    # /predict/
    path("predict/", predict.choose, name="predict-choose"),
    # /predict/<model>/
    path("predict/<slug:model>/", predict.ask, name="predict"),
    # /history/
    path("history/", history.mine, name="history"),
    # /history/search/, /history/compare/, /history/person/: over all answers that somebody may see
    path("history/search/", history.search, name="history-search"),
    path("history/compare/", comparison.compare, name="history-compare"),
    path("history/person/", person.timeline, name="history-person"),
    # /history/<id>/, and what people do there
    path("history/<uuid:pk>/", case_file.record, name="record"),
    path("history/<uuid:pk>/decide", decisions.decide, name="record-decide"),
    path("history/<uuid:pk>/estimate", decisions.estimate, name="record-estimate"),
    path("history/<uuid:pk>/outcome", outcomes.report, name="record-outcome"),
    # /decisions/: what waits for one
    path("decisions/", decisions.queue, name="decisions"),
    # /outcomes/: what is due, and a file of what happened
    path("outcomes/", outcomes.due, name="outcomes"),
    path("outcomes/import/", outcomes.upload, name="outcomes-import"),
    path("outcomes/template/", outcomes.template, name="outcomes-template"),
    # /batches/: files of rows, in four steps
    path("batches/", batches.index, name="batches"),
    path("batches/new/", batch_wizard.new, name="batches-new"),
    path("batches/sample/<slug:model>/", batch_wizard.sample, name="batches-sample"),
    path("batches/<uuid:pk>/", batches.show, name="batch"),
    path("batches/<uuid:pk>/columns/", batch_wizard.columns, name="batch-columns"),
    path("batches/<uuid:pk>/check/", batch_wizard.check, name="batch-check"),
    path("batches/<uuid:pk>/progress", batches.progress, name="batch-progress"),
    path("batches/<uuid:pk>/cancel", batches.cancel, name="batch-cancel"),
    path("batches/<uuid:pk>/results", batches.results, name="batch-results"),
    path("batches/<uuid:pk>/rejected", batches.rejected, name="batch-rejected"),
    # /answers/<request id>/: what one call was answered about many records
    path("answers/<uuid:request_id>/", answers.show, name="answers"),
    # /records/, /records/import/, /records/import/<id>/
    path("records/", records.index, name="datasets"),
    path("records/import/", record_import.upload, name="records-import"),
    # /records/import/sample/<model>/: a file to fill in
    path("records/import/sample/<slug:model>/", record_import.sample, name="records-import-sample"),
    path("records/import/<uuid:pk>/", record_import.check, name="records-import-check"),
    # /records/<dataset>/, /records/<dataset>/ask, /records/<dataset>/<record>/
    path("records/<slug:dataset>/", records.table, name="records"),
    path("records/<slug:dataset>/ask", ask_many.ask, name="records-ask"),
    path("records/<slug:dataset>/<int:pk>/", records.show, name="records-show"),
    # /monitoring/...
    path("monitoring/", include("predictions.monitoring.urls")),
    # /predict, /api/v1/predict, /api/v1/models/<model>/predict
    path("", include("predictions.api.urls")),
]
