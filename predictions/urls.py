"""Routes of the doors that ask, and of what was answered."""

from django.urls import include, path

from predictions.views import answers, ask_many, history, home, predict, record_import, records

urlpatterns = [
    # /
    path("", home.home, name="home"),
    # /predict/
    path("predict/", predict.choose, name="predict-choose"),
    # /predict/<model>/
    path("predict/<slug:model>/", predict.ask, name="predict"),
    # /history/
    path("history/", history.mine, name="history"),
    # /history/<id>/
    path("history/<uuid:pk>/", history.record, name="record"),
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
    # /predict, /api/v1/predict, /api/v1/models/<model>/predict
    path("", include("predictions.api.urls")),
]
